import pytest

from ingle.cli import registry


@pytest.mark.parametrize("name", registry.COMMANDS)
def test_every_command_has_a_module_with_the_three_parts(name):
    command = registry.load(name)
    assert command.EXAMPLES.strip().startswith(("ingle", "$EDITOR"))
    assert callable(command.configure)
    assert callable(command.run)


def test_every_command_stands_in_one_group_only():
    assert len(registry.COMMANDS) == sum(len(group) for group in registry.GROUPS.values())

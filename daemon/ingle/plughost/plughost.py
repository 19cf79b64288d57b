"""All plugins: what should run is derived from disk, approvals and facilities; `_converge` makes it so.

It owns the host processes and imports no plugin code. Whatever changes (an approval, a manifest,
a display that appears, a death) only wakes the one task that converges.
"""

import asyncio
import builtins
import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ingle.errors import ConnectionLost, IngleError, NotFound, Paused, PluginFailed
from ingle.plughost import configuring, discovery
from ingle.plughost.approvals import Approval, Approvals
from ingle.plughost.configuring import settings_of
from ingle.plughost.discovery import Catalogue
from ingle.plughost.grants import MEANINGS
from ingle.plughost.life import Life
from ingle.plughost.places import Place, Places
from ingle.plughost.process import required
from ingle.plughost.tenant import STARTING, Tenant
from ingle.rpc.dispatcher import Dispatcher
from ingle.sdk import protocol
from ingle.vocabulary import PluginState, Topic
from ingle.wire import codes
from ingle.wire.calls.plugin import GrantInfo, PluginGrants, PluginInfo

log = logging.getLogger(__name__)

SETTLE_S = 30.0
"""How long `enable` and `disable` wait to be able to say how it went."""
CALL_S = 120.0
"""A command that a model has to work for; the caller may give up sooner by cancelling."""
CONFIGURE_S = 5.0
ARRIVE_S = 10.0
"""How long a call waits for a plugin that is about to run: it may be what has started the daemon."""

Publish = Callable[[Topic, str, dict[str, Any]], None]


class PluginHosts:
    """The plugins of this daemon. `run` lives as long as the daemon does."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        search_path: list[tuple[str, Path]],
        approvals_file: Path,
        settings: dict[str, dict[str, Any]],
        publish: Publish,
        environ: Mapping[str, str] = os.environ,
        *,
        hosts_desktop: bool = True,
    ) -> None:
        """Without `hosts_desktop` what belongs to a desktop waits for a session that is attached.

        A plugin whose `settings` its manifest does not allow has failed; the others run.
        """
        self._dispatcher, self._search_path, self._publish = dispatcher, search_path, publish
        self._approvals = Approvals(approvals_file)
        self._catalogue = discovery.find(search_path)
        self._settings = settings
        self._tenants: dict[str, Tenant] = {}
        self._lives: dict[str, Life] = {}
        self._group: asyncio.TaskGroup | None = None
        self._paused_for: str | None = None
        self._wake, self._changed = asyncio.Event(), asyncio.Event()
        self.places = Places(environ, self._wake.set, hosts_desktop=hosts_desktop)
        self._take_in(self._catalogue)

    async def run(self) -> None:
        """Keep the enabled plugins running; on cancellation they are stopped, bounded."""
        try:
            async with asyncio.TaskGroup() as self._group:
                self._wake.set()
                while True:
                    await self._wake.wait()
                    self._wake.clear()
                    await self._converge()
        finally:
            self._group = None
            self.places.watch(is_waiting=False)

    # ---- what the person asks for

    def list(self) -> list[PluginInfo]:
        """Every plugin, and every folder that wants to be one and is not, with the reason."""
        infos = [tenant.info() for tenant in self._tenants.values()]
        infos += [
            PluginInfo(
                name=each.name, state=PluginState.FAILED, host="", grants=[],
                reason=each.reason, source=each.source,
            )
            for each in self._catalogue.rejected
        ]  # fmt: skip
        return sorted(infos, key=lambda info: (info.name, info.source))

    def grants(self, name: str | None = None) -> builtins.list[PluginGrants]:
        """What plugins ask for, in words, and what was approved. Raises `NotFound`."""
        self._scan()
        wanted = builtins.list(self._tenants.values()) if name is None else [self._named(name)]
        return [self._grants_of(tenant) for tenant in wanted]

    async def enable(self, name: str) -> PluginInfo:
        """Approve the plugin as it stands on disk and start it; gives how that went.

        Raises `NotFound`, and `PluginFailed` when the approval cannot be written.
        """
        before = self._tenants[name].found if name in self._tenants else None
        self._scan()
        tenant = self._named(name)
        found = tenant.found
        self._approve(name, found.digest, True, tenant.asks_for)
        tenant.forgive()
        if tenant.state is PluginState.FAILED and tenant.host_name in self._lives:
            self._lives[tenant.host_name].spoil(tenant)
        ended = {PluginState.DISABLED, PluginState.FAILED}
        if found != before or tenant.peer is None or tenant.state in ended:
            tenant.report(PluginState.WAITING, STARTING)
        await self._settled(lambda: not tenant.is_starting)
        return tenant.info()

    async def disable(self, name: str) -> PluginInfo:
        """Stop the plugin and keep it stopped. Raises as `enable` does."""
        tenant = self._named(name)
        self._approve(name, tenant.found.digest, False, [])
        await self._settled(lambda: tenant.state is PluginState.DISABLED)
        return tenant.info()

    async def call(self, plugin: str, command: str, args: dict[str, Any]) -> Any:
        """Call a command. Raises `NotFound`, `Paused`, `PluginFailed` and what the command raises."""
        tenant = self._named(plugin)
        if self._paused_for is not None and tenant.pauses:
            raise Paused(f"plugin {plugin} is paused: {self._paused_for}")
        await self._arrived(tenant)
        if tenant.peer is None or tenant.state in {PluginState.DISABLED, PluginState.FAILED}:
            raise PluginFailed(f"plugin {plugin} is {tenant.state}", tenant.reason or _enable(plugin))
        params = protocol.CallParams(command=command, args=args)
        try:
            async with asyncio.timeout(CALL_S):
                return await tenant.peer.call(protocol.CALL, params)
        except TimeoutError:
            raise PluginFailed(f"plugin {plugin} did not answer within {CALL_S:g} s") from None
        except ConnectionLost:
            raise PluginFailed(f"plugin {plugin} ended before it answered") from None
        except IngleError as error:
            if error.code == codes.INTERNAL_ERROR:
                raise PluginFailed(f"plugin {plugin}: {command}: {error.message}") from None
            raise

    async def _arrived(self, tenant: Tenant) -> None:
        """Wait for a plugin that is about to run. Raises `PluginFailed` when it takes too long."""
        try:
            async with asyncio.timeout(ARRIVE_S):
                while self._is_about_to_run(tenant):
                    await self._changed.wait()
        except TimeoutError:
            if self._is_about_to_run(tenant):
                reason = tenant.reason or STARTING
                raise PluginFailed(f"plugin {tenant.name} does not run yet: {reason}") from None

    def _is_about_to_run(self, tenant: Tenant) -> bool:
        """Before the first convergence, between two hosts, and while it is loaded."""
        match self._verdict(tenant):
            case None:
                return tenant.peer is None or tenant.is_starting
            case (PluginState.WAITING, _):
                return self.places.is_expecting
        return False

    def pause(self, reason: str = "paused") -> None:
        """Have the plugins that pause stop what they do, now; again: for another reason."""
        self._paused_for = reason
        for life in self._lives.values():
            if life.host is not None:
                life.host.pause()

    def resume(self) -> None:
        former, self._paused_for = self._paused_for, None
        for life in self._lives.values():
            if life.host is not None and former is not None:
                life.host.resume(former)

    # ---- settings

    def warnings(self) -> builtins.list[str]:
        """What is wrong in the configuration that the daemon has started with."""
        faults = configuring.faults(self._catalogue, self._settings).values()
        return [f"{fault}; correct it in config.toml, then `ingle reload`" for fault in faults]

    def check(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Raises `ConfigError` that names the key; changes nothing."""
        self._catalogue = discovery.find(self._search_path)
        configuring.check(self._catalogue, settings)

    async def configure(self, settings: dict[str, dict[str, Any]]) -> None:
        """Apply new settings to running plugins, all of them or none. Raises `ConfigError`."""
        self.check(settings)
        self._settings = settings
        before = {name: tenant.settings for name, tenant in self._tenants.items()}
        self._take_in(self._catalogue)
        changed = [
            tenant for name, tenant in self._tenants.items() if tenant.settings != before.get(name)
        ]
        allowed = [tenant for tenant in changed if self._verdict(tenant) is None]
        await asyncio.gather(*(_push(tenant) for tenant in allowed))
        self._wake.set()

    # ---- disk

    def _scan(self) -> None:
        self._take_in(discovery.find(self._search_path))

    def _take_in(self, catalogue: Catalogue) -> None:
        """Bring the tenants in line with what stands on disk."""
        self._catalogue = catalogue
        for name in self._tenants.keys() - catalogue.plugins.keys():
            del self._tenants[name]
        faults = configuring.faults(catalogue, self._settings)
        for name, found in catalogue.plugins.items():
            settings = settings_of(found, {} if name in faults else self._settings)
            if name in self._tenants:
                self._tenants[name].take(found, settings, faults.get(name))
            else:
                self._tenants[name] = Tenant(found, settings, self._tell, fault=faults.get(name))

    def _named(self, name: str) -> Tenant:
        if name in self._tenants:
            return self._tenants[name]
        for each in self._catalogue.rejected:
            if each.name == name:
                raise PluginFailed(f"plugin {name}: {each.reason}")
        raise NotFound(f"there is no plugin {name[:100]!r}", "`ingle plugin list` shows what there is")

    def _approve(self, name: str, digest: str, enabled: bool, grants: builtins.list[str]) -> None:
        approval = Approval(enabled=enabled, manifest_sha256=digest, grants=sorted(grants))
        try:
            self._approvals.put(name, approval)
        except OSError as error:
            reason = f"the approval of {name} cannot be written: {error.strerror}"
            raise PluginFailed(reason, "see that the state directory can be written") from None

    def _grants_of(self, tenant: Tenant) -> PluginGrants:
        approval = self._approvals.get(tenant.name)
        approved = approval.grants if approval and approval.enabled else []
        infos = [
            GrantInfo(grant=grant, meaning=MEANINGS[grant], approved=grant in approved)
            for grant in tenant.asks_for
        ]
        return PluginGrants(name=tenant.name, grants=infos)

    # ---- convergence

    async def _converge(self) -> None:
        """Make what runs what should run."""
        self._scan()
        await self._refit(self._sorted_out()[1])
        idle, wanted = self._sorted_out()  # anew: the person may have spoken meanwhile
        for tenant, state, reason in idle:
            tenant.report(state, reason)
        self.places.watch(is_waiting=any(state is PluginState.WAITING for _, state, _ in idle))
        for name, tenants in wanted.items():
            if name not in self._lives:
                self._begin(name, tenants)

    def _sorted_out(
        self,
    ) -> tuple[builtins.list[tuple[Tenant, PluginState, str | None]], dict[str, tuple[Tenant, ...]]]:
        """Those that shall not run with the reason, and those that shall by host."""
        idle, wanted = [], dict[str, tuple[Tenant, ...]]()
        for tenant in self._tenants.values():
            verdict = self._verdict(tenant)
            if verdict is None:
                wanted[tenant.host_name] = (*wanted.get(tenant.host_name, ()), tenant)
            else:
                idle.append((tenant, *verdict))
        return idle, wanted

    def _verdict(self, tenant: Tenant) -> tuple[PluginState, str | None] | None:
        """Why it shall not run; None when it shall."""
        approval = self._approvals.get(tenant.name)
        if approval is None or not approval.enabled:
            return PluginState.DISABLED, None
        if approval.manifest_sha256 != tenant.found.digest:
            return PluginState.DISABLED, f"changed since you approved it: {_enable(tenant.name)}"
        if tenant.fault is not None:
            return PluginState.FAILED, tenant.fault
        if more := set(tenant.asks_for) - set(approval.grants):
            asked = ", ".join(sorted(more))
            return PluginState.DISABLED, f"its settings ask for {asked}: {_enable(tenant.name)}"
        tenant.grants = frozenset(approval.grants)
        if tenant.state is PluginState.FAILED:
            return PluginState.FAILED, tenant.reason
        missing = self.places.missing(tenant.requires)
        return (PluginState.WAITING, missing) if missing and not self._goes_on(tenant) else None

    def _goes_on(self, tenant: Tenant) -> bool:
        """A plugin that runs sees itself to servers that end and come back."""
        life = self._lives.get(tenant.host_name)
        return (
            life is not None
            and life.host is not None
            and life.keeps(tenant)
            and self.places.has(life.place)
        )

    def _place_of(self, tenants: tuple[Tenant, ...]) -> Place:
        return self.places.place_for(required(tenant.requires for tenant in tenants))

    async def _refit(self, wanted: dict[str, tuple[Tenant, ...]]) -> None:
        """Bring each life in line, plugin by plugin where that can be done; else it ends."""
        work: builtins.list[Coroutine[Any, Any, None]] = []
        for name, life in list(self._lives.items()):
            tenants = wanted.get(name, ())
            is_in_place = life.place is self._place_of(tenants)
            if is_in_place and life.is_of(tenants):
                continue
            if is_in_place and life.can_be_of(tenants):
                work.append(life.change(tenants))
            else:
                work.append(_end(self._lives.pop(name)))
        await asyncio.gather(*work)

    def _begin(self, name: str, tenants: tuple[Tenant, ...]) -> None:
        assert self._group is not None
        life = self._lives[name] = Life(name, tenants, self._place_of(tenants))
        for tenant in tenants:
            if tenant.state is PluginState.DISABLED:
                tenant.report(PluginState.WAITING, STARTING)
        life.task = self._group.create_task(self._outlive(life), name=f"host {name}")

    async def _outlive(self, life: Life) -> None:
        """A life that ends by itself is begun anew if it is still wanted."""
        await life.keep(self._dispatcher, lambda: self._paused_for, self._wake.set)
        if self._lives.get(life.name) is life:
            del self._lives[life.name]
            self._wake.set()

    # ---- telling

    def _tell(self, tenant: Tenant) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if tenant.state is PluginState.FAILED and not self._has_company(tenant):
            self._wake.set()  # nobody needs its process any more
        self._publish("plugin", "state", msgspec.to_builtins(tenant.info()))

    def _has_company(self, tenant: Tenant) -> bool:
        return any(
            each.pid is not None and each.state is not PluginState.FAILED
            for each in self._tenants.values()
            if each.host_name == tenant.host_name
        )

    async def _settled(self, is_so: Callable[[], bool]) -> None:
        """Converge and wait until it is so, or for as long as a person is patient."""
        self._wake.set()
        try:
            async with asyncio.timeout(SETTLE_S):
                while not is_so():
                    await self._changed.wait()
        except TimeoutError:
            log.debug("a plugin takes its time to change its state")


async def _end(life: Life) -> None:
    if life.task is not None:
        life.task.cancel()
        await asyncio.wait([life.task])


async def _push(tenant: Tenant) -> None:
    """Give a running plugin its settings; one that is not running finds them when it starts."""
    if tenant.peer is None:
        return
    try:
        async with asyncio.timeout(CONFIGURE_S):
            params = protocol.ConfigureParams(settings=tenant.settings)
            await tenant.peer.call(protocol.CONFIGURE, params)
    except (TimeoutError, IngleError):
        log.warning("plugin %s did not take its new settings", tenant.name)


def _enable(name: str) -> str:
    return f"`ingle plugin enable {name}`"

"""Words that tell something, in scripts with and without spaces."""

from ingle.assistant.words import Lexicon, best, words


def test_small_words_are_left_out_and_endings_cut() -> None:
    assert words("The houses of the holy") == ["hous", "holy"]
    assert words("Wo sind die Kinder?") == ["kind"]


def test_scripts_without_spaces_give_pairs() -> None:
    assert words("黑豹队24") == ["黑豹", "豹队", "24"]


def test_the_sentence_with_the_questions_words_overlaps_most() -> None:
    lexicon = Lexicon(["The cat sleeps.", "The invoice is due in May.", "Dogs bark."])
    overlaps = lexicon.overlaps("When is the invoice due?")
    assert overlaps.index(max(overlaps)) == 1
    assert overlaps[0] == 0.0
    assert max(overlaps) <= 1.0


def test_a_sentence_about_what_others_are_about_is_central() -> None:
    lexicon = Lexicon(["The mill burned.", "The old mill was built again.", "It rained."])
    assert lexicon.centralities[0] > lexicon.centralities[2]


def test_best_keeps_the_order_of_equals() -> None:
    assert best([1.0, 3.0, 3.0, 2.0], 3) == [1, 2, 3]


def test_a_question_without_telling_words_overlaps_with_nothing() -> None:
    assert Lexicon(["One sentence."]).overlaps("what is it?") == [0.0]

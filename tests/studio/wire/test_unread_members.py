"""Unknown members of a submit are noted, with the member that is perhaps meant."""

from studio.wire.unread_members import MAX_NOTES, unknown_member_notes

PLACE = {"ConnectionString": "x", "RelativeLocation": "a/b.csv", "BaseLocation": None, "SasBlobToken": None}


def test_a_body_of_known_members_has_no_notes() -> None:
    """Names in any case, all three generations, the batch pool, and what is not even an object."""
    assert unknown_member_notes({"INPUTS": {"input1": PLACE}, "outputs": None, "GlobalParameters": {"Any": 1}}) == []
    assert unknown_member_notes({"Input": PLACE, "Output": {"relativelocation": "a"}, "AzureBatchPoolId": "1"}) == []
    assert unknown_member_notes({"Inputs": [1], "Outputs": {"output1": None}}) == []


def test_unknown_members_are_named_with_what_may_be_meant() -> None:
    """The note has their place and the most similar name, never their values."""
    body = {
        "GolbalParameters": {"Random seed": 1},
        "Comment": "AccountKey=secret",
        "Inputs": {"input1": PLACE | {"ConnetionString": "AccountKey=secret"}},
        "Outputs": {"output1": PLACE | {"SasToken": "sig=secret"}},
    }
    assert unknown_member_notes(body) == [
        "Submit: unknown member GolbalParameters was ignored; GlobalParameters is perhaps meant",
        "Submit: unknown member Comment was ignored",
        "Submit: unknown member ConnetionString in input1 of Inputs was ignored; ConnectionString is perhaps meant",
        "Submit: unknown member SasToken in output1 of Outputs was ignored; SasBlobToken is perhaps meant",
    ]


def test_notes_are_few_and_short() -> None:
    """A body of many or endless names makes no endless log, and a name no second line."""
    notes = unknown_member_notes({f"{number}\n{'x' * 1000}": 1 for number in range(1000)})
    assert len(notes) == MAX_NOTES
    assert all(len(note) < 150 and "\n" not in note for note in notes)

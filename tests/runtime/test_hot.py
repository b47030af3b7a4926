"""What an embedded runner keeps at hand: open, packed behind it, or not at all."""

from services.runtime.embedded.hot import Hot


class Note:
    def __init__(self, key, text=""):
        self.key, self.text = key, text


class Notes:
    def fresh(self, key):
        return Note(key)

    def pack(self, memory):
        return memory.text.encode()

    def unpack(self, key, packed):
        return Note(key, packed.decode())


def hot(hottest=2, packed_bytes=10):
    stages = {"p": Notes(), "s": Notes()}
    return Hot(lambda key: stages[key[0]], hottest, packed_bytes)


def put(memories, *keys, text="12345"):
    for key in keys:
        memories[key] = Note(key[2:], text)


def test_what_was_used_last_stays_open_and_the_rest_is_packed_and_opened_when_it_is_used():
    memories = hot()
    put(memories, "p:a", "p:b", "p:c")
    kept = memories["p:a"]
    assert memories.use("p:a")
    memories.cool(())
    assert memories["p:a"] is kept
    assert "p:b" in memories
    assert memories.use("p:b")
    assert (memories["p:b"].key, memories["p:b"].text) == ("b", "12345")


def test_packed_memories_take_no_more_room_than_they_may_and_the_oldest_go_first():
    memories = hot(hottest=0)
    put(memories, "p:a", "p:b", "p:c")
    memories.cool(())
    assert set(memories) == {"p:b", "p:c"}
    assert not memories.use("p:a")
    put(memories, "p:d", text="x" * 11)
    memories.cool(())
    assert set(memories) == set()
    put(memories, "p:e")
    memories.cool(())
    assert memories.use("p:e")


def test_what_is_being_written_stays_open():
    memories = hot(hottest=1)
    put(memories, "p:a", "p:b")
    kept = memories["p:a"]
    memories.cool({"p:a"})
    assert memories["p:a"] is kept


def test_the_many_keys_of_one_stage_do_not_close_another_stages():
    memories = hot(hottest=1, packed_bytes=0)
    put(memories, "p:a", "s:a", "s:b", "s:c")
    memories.cool(())
    assert set(memories) == {"p:a", "s:c"}


def test_what_is_dropped_is_gone_whether_it_was_open_or_packed():
    memories = hot(hottest=1)
    put(memories, "p:a", "p:b")
    memories.cool(())
    memories.drop("p:a")
    memories.drop("p:b")
    assert not set(memories)
    assert not memories.use("p:a")

import EventDecoding
import Testing
import TraceReading

/// Each run of the recorder has its probes in a group of its own.
@Suite struct ProbeGroupTests {
  private func format(_ system: String, id: UInt16) -> EventFormat {
    let own = SyntheticEvent("unlink_ret").format
    return EventFormat(id: id, system: system, name: own.name, fields: own.fields)
  }

  @Test(arguments: ["rmap", "rmap_812_4711"]) func groupsOfOurs(system: String) {
    let decoder = EventDecoder(formats: EventFormats([format(system, id: 7)]))
    #expect(decoder.identifiers == [7])
    #expect(decoder.unusable == [])
  }

  @Test(arguments: ["rmapper", "sched", "xrmap_1_2", ""]) func groupsOfOthers(system: String) {
    #expect(EventDecoder(formats: EventFormats([format(system, id: 7)])).identifiers == [])
  }

  @Test func ofSeveralOneIsReadAndTheOthersAreSaid() {
    let decoder = EventDecoder(formats: EventFormats([format("rmap_2_2", id: 8), format("rmap_1_1", id: 7)]))
    #expect(decoder.identifiers == [7])
    #expect(decoder.unusable == ["the file describes several groups of our probes; only rmap_1_1 was read"])
  }
}

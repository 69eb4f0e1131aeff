import RmapEvents
import Testing

@Suite struct LaneTests {
  private func values(_ lane: borrowing Lane<String>) -> [String] { (0..<lane.count).map { lane[$0] } }

  @Test func keepsTheFirstAndGoesOn() {
    var lane = Lane<String>()
    for value in ["a", "b", "c"] { lane.append(value) }
    lane.keepFirst(1)
    lane.append("d")
    #expect(values(lane) == ["a", "d"])
    lane.keepFirst(2)
    #expect(values(lane) == ["a", "d"])
    lane.keepFirst(0)
    #expect(values(lane).isEmpty)
  }

  @Test func lendsAllOfItsValues() {
    var lane = Lane<String>()
    lane.withElements { #expect($0.isEmpty) }
    for value in ["c", "a", "b"] { lane.append(value) }
    lane.withElements { $0.sort() }
    #expect(values(lane) == ["a", "b", "c"])
  }
}

import RmapTestSupport
import TestSupport
import Testing

@testable import RmapGraph

@Suite struct SlabTests {
  @Test func freedSlotsAreUsedAgain() {
    var slab = Slab<String>()
    let (first, second) = (slab.insert("a"), slab.insert("b"))
    slab.remove(first)
    #expect(slab.count == 1)
    #expect(slab.insert("c") == first)
    #expect(slab[first] == "c")
    #expect(slab[second] == "b")
    slab[second] = "d"
    #expect(slab[second] == "d")
    #expect(slab.count == 2)
  }

  @Test func agreesWithADictionary() {
    var generator = SeededGenerator(seed: testSeed())
    var slab = Slab<Int>()
    var model: [UInt32: Int] = [:]
    for step in 0..<20_000 {
      if model.isEmpty || Int.random(in: 0..<5, using: &generator) < 3 {
        let slot = slab.insert(step)
        #expect(model[slot] == nil, "slot \(slot) is given out twice")
        model[slot] = step
      } else if let slot = model.keys.randomElement(using: &generator) {
        #expect(slab[slot] == model[slot])
        slab.remove(slot)
        model[slot] = nil
      }
      #expect(slab.count == model.count)
    }
  }
}

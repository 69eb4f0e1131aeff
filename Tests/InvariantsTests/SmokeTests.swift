import Invariants
import RmapTestSupport
import Testing

@Test func smoke() {
  let history = History { k in
    k.mmap("p.V", 16..<20)
    k.write("p.V", 17)
    k.fork("p", "c")
    k.write("c.V", 17)
    k.split("p.V", at: 18, "p.W")
    k.merge("p.V", "p.W")
    k.mremap("p.V", to: 64, "p.X")
    k.exit("p")
    k.exit("c")
  }
  #expect(history.judged().findings == [])
}

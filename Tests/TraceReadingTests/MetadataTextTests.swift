import Testing

@testable import TraceReading

@Suite struct MetadataTextTests {
  private func layout(_ lines: [String]) -> PageLayout? {
    let text = Array(lines.map { "\tfield: \($0)\n" }.joined().utf8)
    return text.withUnsafeBytes { try? PageLayout(headerPage: $0, at: 0) }
  }

  private let timestamp = "u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;"
  private let data = "char data;\toffset:16;\tsize:8176;\tsigned:1;"

  @Test func pageLayout() throws {
    let long = "local_t commit;\toffset:8;\tsize:8;\tsigned:1;"
    let layout = try #require(self.layout([timestamp, long, data]))
    #expect((layout.commitOffset, layout.commitSize) == (8, 8))
    #expect((layout.dataOffset, layout.dataSize) == (16, 8176))
    let small = try #require(
      self.layout([
        timestamp, "local_t commit;\toffset:8;\tsize:4;", "char data;\toffset:12;\tsize:4084;",
      ]))
    #expect((small.commitSize, small.dataOffset) == (4, 12))
  }

  @Test func pageLayoutsThatAreRefused() {
    let commits = [
      "", "local_t commit;\toffset:8;\tsize:2;", "local_t commit;\toffset:12;\tsize:8;",
      "local_t commit;\toffset:-8;\tsize:8;",
      "local_t commit;\toffset:9223372036854775807;\tsize:8;",
      "local_t commit;\tsize:8;",
    ]
    for commit in commits { #expect(layout([timestamp, commit, data]) == nil) }
    #expect(layout([]) == nil)
  }

  @Test func formatTextsThatAreRefused() {
    func objection(_ text: String) -> String? {
      let text = FormatText(system: "rmap", bytes: Array(text.utf8), offset: 0)
      return text.objection(to: text.parts.fields)
    }
    #expect(objection(SampleTrace.format("good", id: 1)) == nil)
    #expect(objection("ID: 1\n") == "does not begin with \"name: \"")
    #expect(objection("name: a\n\tfield:int a[4;\n") == "has unbalanced brackets")
    #expect(objection("name: a\n\tfield:int a]4[;\n") == "has brackets nested too deep")
    #expect(objection("name: a\0\n") == "holds the byte 0")
    #expect(objection("name: ä\n") == "holds the byte 195")
    let long = "name: a" + String(repeating: "\n", count: FormatText.sizeMax)
    #expect(objection(long) == "is longer than 1048576 bytes")
  }

  /// libtraceevent never sees the print format, however hostile.
  @Test func printFormatIsNotParsed() throws {
    var sample = SampleTrace.small
    let text = SampleTrace.format("e", id: 1) + String(repeating: "((((", count: 1000)
    sample.formats = [("rmap", [text])]
    let format = try #require(try open(sample.format6()).eventFormats[1])
    #expect(format.printFormat?.hasSuffix("((((") == true)
  }

  @Test func commandNames() {
    var names = CommandNames(text: Array("1 init\n\n 5 x\n2\n7 two words\n-1 minus\n1 again".utf8))
    #expect(
      [1, 2, 5, 7, -1].map { names.name(of: $0) } == ["again", nil, nil, "two words", "minus"])
  }

  @Test func clocks() {
    #expect(selectedClock("local [mono] global") == "mono")
    #expect(selectedClock("mono") == nil)
    #expect(selectedClock("]x[") == nil)
  }
}

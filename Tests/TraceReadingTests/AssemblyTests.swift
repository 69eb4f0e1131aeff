import Testing

@testable import TraceReading

/// A recording of a dead kernel has a head, and the pages that left in time.
@Suite struct AssemblyTests {
  private let whole = SampleTrace(
    buffers: [
      .init(
        name: "",
        cpus: [[page(1000, [100, 101]), page(2000, [100]), page(3000, [101, 101])], [], [page(1005, [100])]])
    ])

  private static func page(_ start: UInt64, _ ids: [UInt16]) -> [UInt8] {
    var page = PageBuilder(at: start)
    for id in ids { page.event(id, pid: 7, value: start, delta: 10) }
    return page.page()
  }

  /// The head: the same kernel and CPUs, other and fewer records.
  private var head: SampleTrace {
    var head = whole
    head.buffers[0].cpus = [[Self.page(1, [101])], [], []]
    return head
  }

  private func assemble(_ head: [UInt8], _ pages: [[UInt8]]) throws -> (bytes: [UInt8], pages: Int) {
    let (headFile, files) = (TemporaryFile(head), pages.map { TemporaryFile($0) })
    defer { withExtendedLifetime((headFile, files)) {} }
    let assembly = try RecordingAssembly(head: headFile.path)
    var bytes: [UInt8] = []
    let count = try assembly.write(pages: files.map(\.path)) { bytes += $0 }
    return (bytes, count)
  }

  private var pages: [[UInt8]] { whole.buffers[0].cpus.map { Array($0.joined()) } }

  @Test func headAndPagesAreTheRecording() throws {
    let (bytes, count) = try assemble(head.format6(), pages)
    #expect(count == 4)
    let (items, error) = readAll(bytes)
    #expect(error == nil)
    #expect(items == readAll(whole.format6()).items)
    #expect(items.count == 6)
    let trace = try open(bytes)
    #expect(trace.clocks == ["mono"], "the head's own clock")
    #expect(trace.uname == "Linux test 6.12 x86_64")
  }

  @Test(arguments: [1, 100, 255]) func aPageThatWasCutOffIsLeftOut(left: Int) throws {
    var pages = pages
    pages[0] = Array(pages[0].prefix(512 + left))
    let (bytes, count) = try assemble(head.format6(), pages)
    #expect(count == 3)
    let (items, error) = readAll(bytes)
    #expect(error == nil)
    #expect(items.count == 4)
  }

  @Test func nothingCameOut() throws {
    let (bytes, count) = try assemble(head.format6(), [[], [], []])
    #expect(count == 0)
    #expect(readAll(bytes).items == [])
    #expect(readAll(bytes).error == nil)
  }

  @Test func whatIsNoHead() throws {
    #expect(throws: TraceReadingError.self) { try assemble(head.format7(), pages) }
    #expect(throws: TraceReadingError.self) { try assemble(SampleTrace.rich.format6(), pages) }
    #expect(throws: TraceReadingError.self) { try assemble([1, 2, 3], pages) }
    let error = #expect(throws: TraceReadingError.self) { try assemble(head.format6(), Array(pages.prefix(2))) }
    #expect(error?.what == "2 files of pages for the head's 3 CPUs")
  }
}

import Foundation
import TestSupport
import Testing
import TraceReading

@testable import Recorder

/// Goal: what leaves a machine page by page is a recording, whatever becomes of the machine. Method: the head that is
/// written of a made-up tracefs, read by the reader of recordings.
@Suite struct StreamTests {
  private let files: FakeTraceFS = {
    let files = FakeTraceFS()
    files.files = [
      "events/header_page": """
      \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
      \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
      \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
      \tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;

      """,
      "events/header_event": "# compressed entry header\n",
      "events/ftrace/print/format": format("print", id: 5),
      "events/rmap_3_9/enable": "0\n",
      "events/rmap_3_9/av_put/format": format("av_put", id: 1601),
      "events/rmap_3_9/avc_insert/format": format("avc_insert", id: 1600),
      "saved_cmdlines": "1 init\n",
      "instances/rmap_3_9/trace_clock": "local global [mono] boot\n",
    ]
    return files
  }()

  private static func format(_ name: String, id: Int) -> String {
    """
    name: \(name)
    ID: \(id)
    format:
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

    \tfield:u64 avc;\toffset:8;\tsize:8;\tsigned:0;

    print fmt: "avc=0x%Lx", REC->avc

    """
  }

  private func head() throws -> TraceHead {
    try TraceHead(
      files, instance: "instances/rmap_3_9", group: "rmap_3_9", release: "6.12.1",
      symbols: "ffffffff81000000 T _text\n", cpus: 2, pageSize: 4096)
  }

  @Test func theHeadIsThatOfARecording() throws {
    let folder = try makeTemporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let paths = ["head", "cpu0", "cpu1", "whole"].map { folder.appending(path: $0).path }
    try Data(try head().bytes).write(to: URL(filePath: paths[0]))
    for path in paths[1...2] { try Data().write(to: URL(filePath: path)) }
    #expect(try PageAssembly.run(head: paths[0], pages: Array(paths[1...2]), output: paths[3]) == 0)
    let file = try TraceFile(path: paths[3])
    #expect(file.clocks == ["mono"])
    #expect(file.uname == "Linux 6.12.1")
    #expect(file.bufferCount == 1)
    #expect(Set(file.eventFormats.all.map(\.name)).isSuperset(of: ["avc_insert", "av_put"]))
  }

  @Test func withoutFormatsThereIsNoHead() {
    files.files = files.files.filter { !$0.key.hasPrefix("events/rmap") }
    #expect(throws: TracingError.self) { try head() }
  }
}

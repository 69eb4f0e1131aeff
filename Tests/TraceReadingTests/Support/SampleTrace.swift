@testable import TraceReading

/// A small recording, to be written in each file format.
struct SampleTrace {
  struct Buffer {
    var name: String
    /// Each CPU's pages.
    var cpus: [[[UInt8]]]
    var cpuNumbers: [UInt32]?
    /// Its clock, where the format has one for each buffer.
    var clock = "mono"
  }

  enum Packing {
    case plain
    case zstd
    case zlib
  }

  var buffers: [Buffer]
  var pageSize = 256
  var ftraceTexts = [SampleTrace.format("function", id: 1)]
  var formats: [(system: String, texts: [String])] = [
    ("rmap", [SampleTrace.format("avc_insert", id: 100), SampleTrace.format("av_put", id: 101)]),
    ("sched", [SampleTrace.format("sched_switch", id: 50)]),
  ]
  var statistics = ["CPU: 0\nentries: 2\noverrun: 0\ncommit overrun: 0\noldest event ts: 1.5\n"]
  /// How the note of a compressed CPU's size counts the number of chunks, 4 bytes; trace-cmd before
  /// 3.2 did not.
  var sizeCountsChunkCount = false
  var pagesPerChunk = 2
  /// Further options.
  var extraOptions: [(UInt16, [UInt8])] = []
  var clocks = "local [mono] global\n"

  static func format(_ name: String, id: Int) -> String {
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

  var headerInfo: [UInt8] {
    let page = """
      \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
      \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
      \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
      \tfield: char data;\toffset:16;\tsize:\(pageSize - 16);\tsigned:1;

      """
    var bytes = Bytes()
    bytes.string("header_page")
    bytes.block(Array(page.utf8), UInt64.self)
    bytes.string("header_event")
    bytes.block(Array("# compressed entry header\n".utf8), UInt64.self)
    return bytes.all
  }

  var ftraceFormats: [UInt8] {
    var bytes = Bytes()
    bytes.number(UInt32(ftraceTexts.count))
    for text in ftraceTexts { bytes.block(Array(text.utf8), UInt64.self) }
    return bytes.all
  }

  var eventFormats: [UInt8] {
    var bytes = Bytes()
    bytes.number(UInt32(formats.count))
    for (system, texts) in formats {
      bytes.string(system)
      bytes.number(UInt32(texts.count))
      for text in texts { bytes.block(Array(text.utf8), UInt64.self) }
    }
    return bytes.all
  }

  var commandLines: [UInt8] {
    var bytes = Bytes()
    bytes.block(Array("1 init\n7 a task\n".utf8), UInt64.self)
    return bytes.all
  }

  /// The bytes both formats begin with.
  func header(version: String) -> Bytes {
    var bytes = Bytes()
    bytes.all = [0x17, 0x08, 0x44]
    bytes.text("tracing")
    bytes.string(version)
    bytes.all += [0, 8]
    bytes.number(UInt32(4096))
    return bytes
  }
}

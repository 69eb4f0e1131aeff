// TraceWriting: records become a trace.dat.
//
// One idea: what we write, trace-cmd and our own reader take for a recording like any other; so it is laid out as the kernel
// and trace-cmd lay theirs out (trace-cmd.dat.v7(5)), with pages (`RingPages`) and format texts (`EventFormat.text`) of the
// kernel's form. Small things only: the image is made in memory. (The writer of large recordings for measurements, in
// Tests/ModelRecording, is made of the same pages and texts.)

package import TraceReading

/// A `trace.dat` of format 7, packed with zstd, of one buffer.
package struct TraceImage: Sendable {
  /// What the file says of its records.
  package struct Head: Sendable {
    /// The layouts of the events, all of which the file describes, those without records too.
    package var formats: [EventFormat]
    /// The clock that times were taken from, by ftrace's name; nil if that is not known.
    package var clock: String?
    /// The recorded kernel; nil if that is not known.
    package var uname: String?
    /// Who wrote the file.
    package var writer: String
    /// The names of tasks.
    package var commandNames: [(pid: Int32, name: String)] = []

    /// A head.
    package init(formats: [EventFormat], clock: String?, uname: String?, writer: String) {
      self.formats = formats
      self.clock = clock
      self.uname = uname
      self.writer = writer
    }
  }

  private let head: Head
  private var cpus: [UInt16: (open: RingPages, pages: [UInt8])] = [:]

  /// An image without records.
  package init(_ head: Head) { self.head = head }

  /// Adds a record: its bytes from the common fields on. Those of one CPU come in order of time, ns.
  package mutating func append(_ payload: UnsafeRawBufferPointer, at time: UInt64, cpu: UInt16) {
    var pages: [[UInt8]] = []
    cpus[cpu, default: (RingPages(), [])].open.append(payload, at: time) { pages.append($0) }
    for page in pages { cpus[cpu]?.pages += page }
  }

  /// The file.
  package consuming func bytes() -> [UInt8] {
    for cpu in cpus.keys {
      if let page = cpus[cpu]?.open.takeLast() { cpus[cpu]?.pages += page }
    }
    var file = ByteWriter()
    file.all = [0x17, 0x08, 0x44]
    file.text("tracing7\0")
    file.all += [0, 8]  // Little-endian, 8 bytes a long.
    file.number(UInt32(RingPages.usualSize))
    file.string(Compressor.name)
    file.string(Compressor.version)
    let optionsPlace = file.count
    file.number(UInt64(0))
    var options = ByteWriter()
    for (id, content) in metadata {
      option(id, &options) { $0.number(file.count) }
      section(id, Compressor.block(content), isPacked: true, &file)
    }
    for text in statistics { option(ID.statistics, &options) { $0.string(text) } }
    if let uname = head.uname { option(ID.uname, &options) { $0.string(uname) } }
    option(ID.version, &options) { $0.string(head.writer) }
    if let clock = head.clock { option(ID.clock, &options) { $0.string("[\(clock)]\n") } }
    let buffer = data(&file)
    option(ID.buffer, &options) { $0.all += buffer }
    option(ID.done, &options) { $0.number(UInt64(0)) }
    file.patch(file.count, at: optionsPlace)
    section(ID.done, options.all, isPacked: false, &file)
    section(ID.strings, Array(Self.sectionName.utf8) + [0], isPacked: false, &file)
    return file.all
  }
}

// trace-cmd.dat.v7(5)
extension TraceImage {
  private enum ID {
    static let done: UInt16 = 0
    static let statistics: UInt16 = 2
    static let buffer: UInt16 = 3
    static let clock: UInt16 = 4
    static let uname: UInt16 = 5
    static let version: UInt16 = 9
    static let strings: UInt16 = 15
    static let headerInfo: UInt16 = 16
    static let ftraceFormats: UInt16 = 17
    static let eventFormats: UInt16 = 18
    static let symbols: UInt16 = 19
    static let printk: UInt16 = 20
    static let commandLines: UInt16 = 21
  }

  /// One name does for all sections: they are there for people who dump a file.
  private static let sectionName = "rmapcheck"

  private var metadata: [(id: UInt16, content: [UInt8])] {
    var info = ByteWriter()
    info.string("header_page")
    info.block(RingPages().layoutText, UInt64.self)
    info.string("header_event")
    info.block("# compressed entry header\n", UInt64.self)
    var none = ByteWriter()
    none.number(UInt32(0))
    var names = ByteWriter()
    names.block(head.commandNames.map { "\($0.pid) \($0.name)\n" }.joined(), UInt64.self)
    return [
      (ID.headerInfo, info.all), (ID.ftraceFormats, none.all), (ID.eventFormats, formats), (ID.symbols, none.all),
      (ID.printk, none.all), (ID.commandLines, names.all),
    ]
  }

  private var formats: [UInt8] {
    var bytes = ByteWriter()
    let systems = Set(head.formats.map(\.system)).sorted()
    bytes.number(UInt32(systems.count))
    for system in systems {
      let formats = head.formats.filter { $0.system == system }
      bytes.string(system)
      bytes.number(UInt32(formats.count))
      for format in formats { bytes.block(format.text, UInt64.self) }
    }
    return bytes.all
  }

  /// As the kernel's `per_cpu/cpuN/stats`, of what is in this file: nothing is missing from it.
  private var statistics: [String] {
    cpus.sorted { $0.key < $1.key }.map { cpu, content in
      """
      CPU: \(cpu)
      entries: 0
      overrun: 0
      commit overrun: 0
      dropped events: 0
      read events: \(content.open.count)

      """
    }
  }

  private func section(_ id: UInt16, _ content: [UInt8], isPacked: Bool, _ file: inout ByteWriter) {
    file.number(id)
    file.number(UInt16(isPacked ? 1 : 0))
    file.number(UInt32(0))
    file.block(content, UInt64.self)
  }

  private func option(_ id: UInt16, _ options: inout ByteWriter, _ write: (inout ByteWriter) -> Void) {
    var data = ByteWriter()
    write(&data)
    options.number(id)
    options.block(data.all, UInt32.self)
  }

  /// Writes the pages of all CPUs that have any; gives the content of the option about them.
  private func data(_ file: inout ByteWriter) -> [UInt8] {
    var option = ByteWriter()
    option.number(file.count)
    option.string("")
    option.string(head.clock ?? "")
    option.number(UInt32(RingPages.usualSize))
    option.number(UInt32(cpus.count))
    let start = file.count
    section(ID.buffer, [], isPacked: true, &file)
    for (cpu, content) in cpus.sorted(by: { $0.key < $1.key }) {
      file.align(to: 8)
      let offset = file.count
      file.number(UInt32(1))  // Chunks.
      file.all += Compressor.block(content.pages)
      option.number(UInt32(cpu))
      option.number(offset)
      // trace-cmd does not count the number of chunks.
      option.number(file.count - offset - 4)
    }
    file.patch(file.count - start - 16, at: start + 8)
    return option.all
  }
}

/// The head of a trace.dat (format 6, man 5 trace-cmd.dat.v6): everything in front of the pages, with an empty table of
/// CPUs. Pages that left the kernel one by one make a recording with it: see ``PageAssembly``.
struct TraceHead {
  private(set) var bytes: [UInt8] = []

  /// What tracefs says of the events of `group` and of ftrace's own.
  init<Files: TracingFiles>(
    _ files: Files, instance: String, group: String, release: String, symbols: String, cpus: Int, pageSize: Int
  ) throws(TracingError) {
    bytes += [0x17, 0x08, 0x44]
    text("tracing")
    string("6")
    bytes += [0, UInt8(MemoryLayout<UInt>.size)]
    number(UInt32(pageSize))
    for name in ["header_page", "header_event"] {
      string(name)
      block(try files.read("events/\(name)"), UInt64.self)
    }
    let ftrace = try Self.formats(files, "events/ftrace")
    number(UInt32(ftrace.count))
    for format in ftrace { block(format, UInt64.self) }
    number(UInt32(1))
    string(group)
    let own = try Self.formats(files, "events/\(group)")
    number(UInt32(own.count))
    for format in own { block(format, UInt64.self) }
    block(symbols, UInt32.self)
    block((try? files.read("printk_formats")) ?? "", UInt32.self)
    block((try? files.read("saved_cmdlines")) ?? "", UInt64.self)
    number(UInt32(cpus))
    text("options  \0")
    option(Self.unameOption, "Linux \(release)\0")
    option(Self.clockOption, "")
    number(UInt16(0))
    text("flyrecord\0")
    let table = bytes.count
    bytes += [UInt8](repeating: 0, count: 16 * cpus)
    block(try files.read("\(instance)/trace_clock"), UInt64.self)
    bytes += [UInt8](repeating: 0, count: (pageSize - bytes.count % pageSize) % pageSize)
    let data = UInt64(bytes.count)
    for cpu in 0..<cpus {
      withUnsafeBytes(of: data.littleEndian) {
        bytes.replaceSubrange(table + 16 * cpu..<table + 16 * cpu + 8, with: $0)
      }
    }
  }

  /// TRACECMD_OPTION_TRACECLOCK: the clocks follow the table of CPUs.
  private static let clockOption: UInt16 = 4
  /// TRACECMD_OPTION_UNAME.
  private static let unameOption: UInt16 = 5

  private static func formats<Files: TracingFiles>(
    _ files: Files, _ folder: String
  ) throws(TracingError) -> [String] {
    var formats: [String] = []
    for event in files.list(folder) {
      // ftrace's own folder has events without a format, a group has `enable` and `filter`.
      if let format = try? files.read("\(folder)/\(event)/format") { formats.append(format) }
    }
    if formats.isEmpty { throw TracingError(path: folder, code: 2) }
    return formats
  }

  private mutating func option(_ id: UInt16, _ data: String) {
    number(id)
    block(data, UInt32.self)
  }

  private mutating func block<Size: FixedWidthInteger>(_ data: String, _: Size.Type) {
    number(Size(data.utf8.count))
    text(data)
  }

  private mutating func string(_ value: String) { text(value + "\0") }

  private mutating func text(_ value: String) { bytes += value.utf8 }

  private mutating func number(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}

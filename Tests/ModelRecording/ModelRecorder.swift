import Glibc
public import RmapEvents
import TraceReading
import TraceWriting

/// Writes events as a `trace.dat` of format 6 with one CPU, as `trace-cmd record` would have: real ring-buffer pages
/// that trace-cmd reads too. Memory does not grow with the recording.
public final class ModelRecorder {
  /// Time between two events, ns.
  private static let interval: UInt64 = 1000

  private let file: UnsafeMutablePointer<FILE>
  private let records: EventRecords
  private var pages: RingPages
  private var time: UInt64 = 1_000_000_000
  private var tableOffset: UInt64 = 0
  private var dataOffset: UInt64 = 0
  /// Events written.
  public var count: Int { Int(pages.count) }

  /// A recording at `path`, which is overwritten; `treeOffset` is where the root of its tree lies in an anon_vma, bytes.
  /// The kernel, and so its ring buffer, has pages of `pages`, which `isMarked` has the formats say.
  /// - Throws: ``CannotWrite`` if the file cannot be made.
  public init(path: String, treeOffset: UInt64 = 0x50, pages: PageSize = .small, isMarked: Bool = true) throws {
    records = EventRecords(treeOffset: treeOffset, pageSize: pages, isMarked: isMarked)
    self.pages = RingPages(size: Int(pages.bytes))
    guard let file = fopen(path, "wb") else { throw CannotWrite(path: path, errno: errno) }
    self.file = file
    var head = ByteWriter()
    writeHead(&head)
    dataOffset = head.count
    put(head.all)
  }

  /// The file could not be made or filled.
  public struct CannotWrite: Error, CustomStringConvertible {
    /// Where it was to be.
    public let path: String
    /// The system's reason.
    public let errno: Int32

    /// One line.
    public var description: String { "cannot write \(path): \(String(cString: strerror(errno)))" }
  }

  /// Adds an event that the task `pid` comes to. What level `pages` does not hold is left out.
  public func append(_ event: RmapEvent, pid: Int32) {
    guard let (id, words) = records.words(event) else { return }
    var record = ByteWriter()
    record.number(id)
    record.number(UInt16(0))
    record.number(pid)
    for word in words { record.number(word) }
    time += Self.interval
    record.all.withUnsafeBytes { pages.append($0, at: time, put) }
  }

  /// Writes what is left and closes the file.
  /// - Throws: ``CannotWrite`` if not everything could be written.
  public func finish(path: String) throws {
    if let page = pages.takeLast() { put(page) }
    let dataSize = UInt64(ftell(file)) - dataOffset
    var table = ByteWriter()
    table.number(dataOffset)
    table.number(dataSize)
    fseek(file, Int(tableOffset), SEEK_SET)
    put(table.all)
    let failed = ferror(file) != 0
    guard fclose(file) == 0, !failed else { throw CannotWrite(path: path, errno: errno) }
  }

  private func put(_ bytes: [UInt8]) {
    // What could not be written, ferror tells at the end.
    bytes.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
  }

  // MARK: The file's head (trace-cmd.dat.v6(5))

  private func writeHead(_ head: inout ByteWriter) {
    head.all = [0x17, 0x08, 0x44]
    head.text("tracing6\0")
    head.all += [0, 8]  // Little-endian, 8 bytes a long.
    head.number(UInt32(pages.size))
    head.text("header_page\0")
    head.block(pages.layoutText, UInt64.self)
    head.text("header_event\0")
    head.block("# compressed entry header\n", UInt64.self)
    head.number(UInt32(0))  // ftrace's own events
    head.number(UInt32(1))
    head.text(ProbeGroup.name + "\0")
    head.number(UInt32(records.names.count))
    for (place, name) in records.names.enumerated() {
      head.block(format(name, UInt16(EventRecords.firstID + place)).text, UInt64.self)
    }
    head.number(UInt32(0))  // kallsyms
    head.number(UInt32(0))  // printk
    head.block("", UInt64.self)  // command lines
    head.number(UInt32(1))  // CPUs
    head.text("options  \0")
    for (id, text) in [(5, "Linux model 6.12 x86_64\0"), (9, "rmapcheck\0"), (4, "")] {
      head.number(UInt16(id))
      head.block(text, UInt32.self)
    }
    head.number(UInt16(0))
    head.text("flyrecord\0")
    tableOffset = head.count
    head.number(UInt64(0))
    head.number(UInt64(0))
    head.block("local global [mono]\n", UInt64.self)
    head.align(to: pages.size)
  }

  private func format(_ name: EventName, _ id: UInt16) -> EventFormat {
    let common = [
      EventField(name: "common_type", typeName: "unsigned short", offset: 0, size: 2, isCommon: true),
      EventField(name: "common_flags", typeName: "unsigned char", offset: 2, size: 1, isCommon: true),
      EventField(name: "common_preempt_count", typeName: "unsigned char", offset: 3, size: 1, isCommon: true),
      EventField(name: "common_pid", typeName: "int", offset: 4, size: 4, isSigned: true, isCommon: true),
    ]
    let own = records.fields(of: name).enumerated().map { place, field in
      EventField(name: field.rawValue, typeName: "u64", offset: 8 + 8 * place, size: 8)
    }
    return EventFormat(id: id, system: ProbeGroup.name, name: name.rawValue, fields: common + own)
  }
}

import Glibc
public import RmapEvents

/// Writes events as a `trace.dat` of format 6 with one CPU, as `trace-cmd record` would have: real ring-buffer pages
/// that trace-cmd reads too. Memory does not grow with the recording.
public final class TraceWriter {
  /// That of the ring buffer and of the kernel.
  private let pageSize: Int
  private static let pageHead = 16
  /// Time between two events, ns.
  private static let interval: UInt32 = 1000

  private let file: UnsafeMutablePointer<FILE>
  private let records: EventRecords
  private var page: [UInt8] = []
  private var time: UInt64 = 1_000_000_000
  private var tableOffset = 0
  private var dataOffset = 0
  private var dataSize = 0
  /// Events written.
  public private(set) var count = 0

  /// A recording at `path`, which is overwritten; `treeOffset` is where the root of its tree lies in an anon_vma, bytes.
  /// The kernel has pages of `pages`, which `isMarked` has the formats say.
  /// - Throws: ``CannotWrite`` if the file cannot be made.
  public init(
    path: String, treeOffset: UInt64 = 0x50, pages: PageSize = .small, isMarked: Bool = true
  ) throws {
    records = EventRecords(treeOffset: treeOffset, pageSize: pages, isMarked: isMarked)
    pageSize = Int(pages.bytes)
    guard let file = fopen(path, "wb") else { throw CannotWrite(path: path, errno: errno) }
    self.file = file
    var head = Bytes()
    writeHead(&head)
    dataOffset = head.all.count
    put(head.all)
    beginPage()
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
    var record = Bytes()
    let size = 8 + 8 * words.count
    // 1 to 28 words are counted by the entry's first word, more by its second one.
    if size <= 112 {
      record.number(UInt32(size / 4) | Self.interval << 5)
    } else {
      record.number(Self.interval << 5)
      record.number(UInt32(size + 4))
    }
    record.number(id)
    record.number(UInt16(0))
    record.number(pid)
    for word in words { record.number(word) }
    if page.count + record.all.count > pageSize { endPage() }
    time += UInt64(Self.interval)
    page += record.all
    count += 1
  }

  /// Writes what is left and closes the file.
  /// - Throws: ``CannotWrite`` if not everything could be written.
  public func finish(path: String) throws {
    if page.count > Self.pageHead { endPage() }
    var table = Bytes()
    table.number(UInt64(dataOffset))
    table.number(UInt64(dataSize))
    fseek(file, tableOffset, SEEK_SET)
    put(table.all)
    let failed = ferror(file) != 0
    guard fclose(file) == 0, !failed else { throw CannotWrite(path: path, errno: errno) }
  }

  // MARK: Pages

  private func beginPage() {
    var head = Bytes()
    // The first entry's time is counted from the page's.
    head.number(time)
    head.number(UInt64(0))
    page = head.all
  }

  private func endPage() {
    let commit = UInt64(page.count - Self.pageHead)
    withUnsafeBytes(of: commit.littleEndian) { page.replaceSubrange(8..<16, with: $0) }
    page += [UInt8](repeating: 0, count: pageSize - page.count)
    put(page)
    dataSize += page.count
    beginPage()
  }

  private func put(_ bytes: [UInt8]) {
    // What could not be written, ferror tells at the end.
    bytes.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
  }

  // MARK: The file's head (trace-cmd.dat.v6(5))

  private func writeHead(_ head: inout Bytes) {
    head.all = [0x17, 0x08, 0x44]
    head.text("tracing6\0")
    head.all += [0, 8]  // Little-endian, 8 bytes a long.
    head.number(UInt32(pageSize))
    head.text("header_page\0")
    head.block(pageFormat, UInt64.self)
    head.text("header_event\0")
    head.block("# compressed entry header\n", UInt64.self)
    head.number(UInt32(0))  // ftrace's own events
    head.number(UInt32(1))
    head.text(ProbeGroup.name + "\0")
    head.number(UInt32(records.names.count))
    for (place, name) in records.names.enumerated() {
      let fields = records.fields(of: name).map(\.rawValue)
      head.block(format(name.rawValue, EventRecords.firstID + place, fields), UInt64.self)
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
    tableOffset = head.all.count
    head.number(UInt64(0))
    head.number(UInt64(0))
    head.block("local global [mono]\n", UInt64.self)
    head.align(to: pageSize)
  }

  private var pageFormat: String {
    """
    \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
    \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
    \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
    \tfield: char data;\toffset:16;\tsize:\(pageSize - Self.pageHead);\tsigned:1;

    """
  }

  private func format(_ name: String, _ id: Int, _ fields: [String]) -> String {
    var text = """
      name: \(name)
      ID: \(id)
      format:
      \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
      \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
      \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
      \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;


      """
    for (place, field) in fields.enumerated() {
      text += "\tfield:u64 \(field);\toffset:\(8 + 8 * place);\tsize:8;\tsigned:0;\n"
    }
    let print = fields.map { "\($0)=0x%Lx" }.joined(separator: " ")
    return text + "\nprint fmt: \"\(print)\", " + fields.map { "REC->\($0)" }.joined(separator: ", ") + "\n"
  }
}

/// Little-endian bytes under construction.
private struct Bytes {
  var all: [UInt8] = []

  mutating func number<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { all += $0 }
  }

  mutating func text(_ value: String) { all += Array(value.utf8) }

  /// Text behind its length, which is a number of type `T`.
  mutating func block<T: FixedWidthInteger>(_ value: String, _ type: T.Type) {
    number(T(value.utf8.count))
    text(value)
  }

  mutating func align(to size: Int) { all += [UInt8](repeating: 0, count: (size - all.count % size) % size) }
}

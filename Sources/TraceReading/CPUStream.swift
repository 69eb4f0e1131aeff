/// The records of one CPU of one buffer, in the file's order.
struct CPUStream {
  /// What a step ended at.
  enum Step {
    case record
    case end
  }

  let cpu: UInt16
  let buffer: UInt16
  /// How often a record's time was before that of the record before it.
  private(set) var timeRegressions: UInt64 = 0
  /// Records read so far.
  private(set) var recordCount: UInt64 = 0
  /// The gap that the last step crossed; whoever reports it clears it.
  var loss: LostEvents?

  private let layout: PageLayout
  private let header: RecordHeader
  private var source: PageSource
  private var page: PageSource.Page
  private var walker = PageWalker()
  /// Time of the record last stepped to; 0 before the first.
  private(set) var lastTimestamp: UInt64 = 0

  init(
    _ data: CPUData, buffer index: UInt16, of buffer: TraceBuffer, in file: TraceFile,
    _ decompressor: Decompressor?
  ) throws(TraceReadingError) {
    cpu = data.cpu
    self.buffer = index
    layout = file.layout
    header = file.header
    source = try PageSource(data, of: buffer, in: file.file, decompressor)
    page = PageSource.Page(bytes: UnsafeRawBufferPointer(start: nil, count: 0), offset: 0)
  }

  /// Time of the current record.
  var timestamp: UInt64 { walker.timestamp }

  /// The current record.
  @inline(__always)
  var record: RawRecord {
    let start = walker.payloadOffset
    let bytes = page.bytes
    return RawRecord(
      timestamp: walker.timestamp, cpu: cpu, buffer: buffer,
      eventID: bytes.loadUnaligned(fromByteOffset: start + header.typeOffset, as: UInt16.self),
      pid: bytes.loadUnaligned(fromByteOffset: start + header.pidOffset, as: Int32.self),
      payload: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + walker.payloadCount)]))
  }

  /// The common case: goes to the next record and gives it, if it is on the same page, in order, and before a time.
  /// Otherwise nothing has changed.
  @inline(__always)
  mutating func recordInPage(before limit: UInt64) -> RawRecord? {
    guard walker.stepToRecord(from: lastTimestamp, before: limit, ofAtLeast: header.size) else { return nil }
    lastTimestamp = walker.timestamp
    recordCount &+= 1
    return record
  }

  /// Goes to the next record, over as many pages as it takes.
  mutating func advance() throws(TraceReadingError) -> Step {
    while true {
      switch walker.step() {
      case .record:
        guard walker.payloadCount >= header.size else { throw damaged("a record too short") }
        let timestamp = walker.timestamp
        if timestamp < lastTimestamp { timeRegressions += 1 }
        lastTimestamp = timestamp
        recordCount &+= 1
        return .record
      case .damaged:
        throw damaged("a record past the end of its page")
      case .end:
        guard try loadPage() else { return .end }
      }
    }
  }

  /// Goes to the first record; a gap before it has no `after`.
  mutating func start() throws(TraceReadingError) -> Step {
    let step = try advance()
    let first = timestamp
    if step == .record { loss?.before = first }
    return step
  }

  @inline(never)
  private mutating func loadPage() throws(TraceReadingError) -> Bool {
    guard let page = try source.next() else { return false }
    self.page = page
    guard let walker = PageWalker(page.bytes, layout) else {
      throw damaged("a page head that does not fit its page of \(page.bytes.count) bytes")
    }
    if walker.isHole { throw damaged("a page of zeros") }
    // The kernel hands out no page without entries (ring_buffer.c:rb_get_reader_page), and no kept recording has one.
    if walker.isEmpty, walker.loss == .none { throw damaged("a page without records") }
    self.walker = walker
    if walker.loss != .none { note(walker.loss) }
    return true
  }

  /// Notes a gap before the page just loaded, joining it with that of a page without records.
  private mutating func note(_ pageLoss: PageWalker.Loss) {
    var count: UInt64?
    if case .counted(let number) = pageLoss { count = number }
    let earlier = loss
    if let earlier {
      let sum = earlier.count?.addingReportingOverflow(count ?? .max)
      count = sum?.overflow == false ? sum?.partialValue : nil
    }
    loss = LostEvents(
      cpu: cpu, buffer: buffer, count: count, after: recordCount > 0 ? lastTimestamp : nil, before: .max,
      offset: earlier?.offset ?? page.offset)
  }

  private func damaged(_ what: String) -> TraceReadingError {
    TraceReadingError(.damaged, "\(what), CPU \(cpu) of buffer \(buffer)", at: page.offset)
  }
}

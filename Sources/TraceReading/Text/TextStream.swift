/// The events of a text in the order of its lines, and the gaps among them.
public struct TextStream: RecordSource, ~Copyable {
  private let file: TextFile
  private var lines: TextLines
  private var times = TextTimes()
  private var payload: OwnedBytes
  private var nextGap = 0
  private var held: (TextEvent, line: Int, start: Int, time: UInt64)?
  private var hasBegun = false
  private var failure: TraceReadingError?

  /// How often a line's time was before that of a line above it.
  public var timeRegressions: UInt64 { times.regressions }

  init(_ file: TextFile) {
    self.file = file
    lines = TextLines(file.file.bytes)
    payload = OwnedBytes(count: TextEvents.headerSize + 8 * TextFile.countMax)
  }

  /// The next event or gap; nil after the last.
  /// - Throws: `damaged` for a line that is none, `truncated` for a last line without its end.
  public mutating func next() throws(TraceReadingError) -> StreamItem? {
    if let failure { throw failure }
    do throws(TraceReadingError) {
      if held == nil { held = try nextEvent() }
      guard let (event, line, start, time) = held else { return lastGap() }
      if let gap = gap(before: time) { return .lost(gap) }
      held = nil
      return .record(try record(event, line, start, time))
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func gap(before time: UInt64) -> LostEvents? {
    guard nextGap < file.gaps.count else { return nil }
    let gap = file.gaps[nextGap]
    if let after = gap.after, after >= time { return nil }
    nextGap += 1
    return gap
  }

  private mutating func lastGap() -> StreamItem? {
    guard nextGap < file.gaps.count else { return nil }
    nextGap += 1
    return .lost(file.gaps[nextGap - 1])
  }

  private mutating func nextEvent() throws(TraceReadingError) -> (TextEvent, line: Int, start: Int, time: UInt64)? {
    while let (line, number, start, isWhole) = lines.next() {
      guard isWhole else {
        throw TraceReadingError(
          .truncated(expected: UInt64(line.count) + 1, actual: UInt64(line.count)), "line \(number)", at: UInt64(start))
      }
      guard line.count <= TextLine.lengthMax else {
        throw TraceReadingError(.damaged, "line \(number) has \(line.count) bytes", at: UInt64(start))
      }
      switch TextLine(line) {
      case .event(let event):
        hasBegun = true
        return (event, number, start, times.next(event.time))
      case .other where hasBegun:
        throw TraceReadingError(.damaged, "line \(number) is no event", at: UInt64(start))
      default: break
      }
    }
    return nil
  }

  private func record(
    _ event: TextEvent, _ line: Int, _ start: Int, _ time: UInt64
  ) throws(TraceReadingError) -> RawRecord {
    let id = file.events.known(event) ?? TextEvents.foreign
    var size = TextEvents.headerSize
    if id != TextEvents.foreign { size = try fill(event, file.events.kinds[Int(id) - 1], line, start) }
    payload.bytes.storeBytes(of: id, as: UInt16.self)
    payload.bytes.storeBytes(of: event.pid, toByteOffset: 4, as: Int32.self)
    return RawRecord(
      timestamp: time, cpu: event.cpu, buffer: file.events.buffer(event), eventID: id, pid: event.pid,
      payload: UnsafeRawBufferPointer(rebasing: payload.bytes[..<size]))
  }

  /// Writes the values of an event's fields, which must be those of its first line.
  private func fill(
    _ event: TextEvent, _ kind: TextEvents.Kind, _ line: Int, _ start: Int
  ) throws(TraceReadingError) -> Int {
    var offset = TextEvents.headerSize
    guard var scanner = event.fields else { throw other(kind, line, start) }
    for name in kind.fields {
      guard let field = TextEvents.nextField(&scanner), field.name.elementsEqual(name) else {
        throw other(kind, line, start)
      }
      payload.bytes.storeBytes(of: field.value, toByteOffset: offset, as: UInt64.self)
      offset += 8
    }
    scanner.skipSpaces()
    guard scanner.isAtEnd else { throw other(kind, line, start) }
    return offset
  }

  private func other(_ kind: TextEvents.Kind, _ line: Int, _ start: Int) -> TraceReadingError {
    let name = String(decoding: kind.name, as: UTF8.self)
    return TraceReadingError(
      .damaged, "line \(line): \(name) has other fields or values than in line \(kind.line)", at: UInt64(start))
  }
}

/// One line of ftrace text, taken apart.
///
///     TASK-PID  [CPU] FLAGS  TIME: EVENT: (PROBE) NAME=VALUE ...    /sys/kernel/tracing/trace
///     TASK-PID  [CPU]  TIME: EVENT:  (PROBE) NAME=VALUE ...         trace-cmd report
///     TASK PID [CPU]  TIME: GROUP:EVENT: (PROBE) NAME=VALUE ...     perf script
///     CPU:N [LOST M EVENTS]      CPU:N [M EVENTS DROPPED]           a gap, by the kernel and by trace-cmd
///     ##### CPU N buffer started ####                               what that CPU recorded before is overwritten
///     # clock: NAME              local [NAME] global                the clock, if someone has noted it
///     # entries-in-buffer/entries-written: N/M   #P:2               how many events follow, and how many CPUs there are
///     cpus=2                                                        how many CPUs there are, by trace-cmd
enum TextLine {
  case event(TextEvent)
  case lost(cpu: UInt16, count: UInt64?)
  case started(cpu: UInt16)
  case clock(String)
  case entries(UInt64, cpus: Int?)
  case cpus(Int)
  /// A comment, or nothing at all.
  case blank
  /// Something else.
  case other

  /// Longest line that is looked at, bytes.
  static let lengthMax = 1 << 16

  init(_ bytes: Slice<UnsafeRawBufferPointer>) {
    var scanner = TextScanner(bytes)
    // Mails quote with it.
    while scanner.skip(">") { scanner.skipSpaces() }
    scanner.skipSpaces()
    if scanner.isAtEnd {
      self = .blank
    } else if scanner.peek == UInt8(ascii: "#") {
      self = Self.comment(scanner)
    } else if scanner.skip("cpus=") {
      let count = scanner.number().flatMap { UInt16(exactly: $0) }
      scanner.skipSpaces()
      self = count.flatMap { scanner.isAtEnd ? .cpus(Int($0)) : nil } ?? .other
    } else if scanner.skip("CPU:") {
      self = Self.gap(scanner)
    } else if let event = TextEvent(scanner) {
      self = .event(event)
    } else if Self.isCaller(bytes) {
      self = .blank
    } else if scanner.rest.starts(with: "local".utf8) || scanner.rest.starts(with: "[local]".utf8),
      let clock = selectedClock(String(decoding: scanner.rest, as: UTF8.self))
    {
      self = .clock(clock)
    } else {
      self = .other
    }
  }

  /// A line of perf's call chains: `\tffffffff8b2a1234 anon_vma_fork+0x4 ([kernel.kallsyms])`.
  private static func isCaller(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard let first = line.first, first == 0x20 || first == 0x09 else { return false }
    var scanner = TextScanner(line)
    scanner.skipSpaces()
    let address = scanner.token()
    let isHexadecimal = address.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    var rest = scanner.rest
    while let last = rest.last, last == 0x20 || last == 0x0d { rest = rest.dropLast() }
    guard !address.isEmpty, isHexadecimal, rest.first == 0x20, rest.last == UInt8(ascii: ")") else { return false }
    // An event's line would go on with the task's number, or with the CPU.
    scanner.skipSpaces()
    let symbol = scanner.token().drop { $0 == UInt8(ascii: "[") || (0x30...0x39).contains($0) }
    return symbol.contains { $0 != UInt8(ascii: "]") } && rest.contains(UInt8(ascii: "("))
  }

  private static func comment(_ scanner: TextScanner) -> TextLine {
    var scanner = scanner
    if scanner.skip("##### CPU "), let cpu = scanner.number(), let number = UInt16(exactly: cpu),
      scanner.skip(" buffer started")
    {
      return .started(cpu: number)
    }
    scanner.skipAll("#")
    scanner.skipSpaces()
    if scanner.skip("clock:") {
      scanner.skipSpaces()
      return .clock(String(decoding: scanner.token(), as: UTF8.self))
    }
    if scanner.skip("entries-in-buffer/entries-written:") {
      scanner.skipSpaces()
      if let count = scanner.number() { return .entries(count, cpus: processors(scanner)) }
    }
    return .blank
  }

  private static func processors(_ scanner: TextScanner) -> Int? {
    var scanner = scanner
    guard scanner.skip(past: UInt8(ascii: "#")), scanner.skip("P:") else { return nil }
    return scanner.number().flatMap { UInt16(exactly: $0) }.map { Int($0) }
  }

  private static func gap(_ scanner: TextScanner) -> TextLine {
    var scanner = scanner
    guard let cpu = scanner.number(), let number = UInt16(exactly: cpu), scanner.skip(" [") else {
      return .other
    }
    if scanner.skip("LOST ") {
      let count = scanner.number()
      if count != nil { scanner.skipSpaces() }
      return scanner.skip("EVENTS]") ? .lost(cpu: number, count: count) : .other
    }
    let count = scanner.number()
    if count != nil { scanner.skipSpaces() }
    return scanner.skip("EVENTS DROPPED]") ? .lost(cpu: number, count: count) : .other
  }
}

/// A line that tells of an event.
struct TextEvent {
  let pid: Int32
  let cpu: UInt16
  /// Nanoseconds; of a clock that counts something else, that.
  let time: UInt64
  /// The buffer's name, which trace-cmd puts before all if there are several.
  let buffer: Slice<UnsafeRawBufferPointer>?
  let group: Slice<UnsafeRawBufferPointer>?
  let name: Slice<UnsafeRawBufferPointer>
  /// What follows the probed address; nil for events that are not of a probe.
  let fields: TextScanner?
  /// Whether the probed address is printed as a field.
  let isRaw: Bool

  init?(_ line: TextScanner) {
    guard let (task, cpu, rest) = Self.splitAtCPU(line), let pid = Self.pid(task.bytes) else { return nil }
    var scanner = rest
    scanner.skipSpaces()
    var token = scanner.token()
    if token.last != UInt8(ascii: ":") {
      // The flags of the kernel's text.
      scanner.skipSpaces()
      token = scanner.token()
    }
    guard token.last == UInt8(ascii: ":"), let time = Self.time(token.dropLast()) else { return nil }
    scanner.skipSpaces()
    let event = scanner.token()
    guard event.count > 1, event.last == UInt8(ascii: ":") else { return nil }
    let name = event.dropLast()
    if let colon = name.lastIndex(of: UInt8(ascii: ":")) {
      group = name[..<colon]
      self.name = name[(colon + 1)...]
    } else {
      group = nil
      self.name = name
    }
    scanner.skipSpaces()
    isRaw = scanner.rest.starts(with: Self.rawProbe)
    fields = scanner.skip("(") && scanner.skip(past: UInt8(ascii: ")")) ? scanner : nil
    (self.pid, self.cpu, self.time, buffer) = (pid, cpu, time, task.buffer)
  }

  /// What the raw fields of a probe's events begin with: `__probe_ip`, `__probe_func`.
  private static let rawProbe = Array("__probe_".utf8)

  private typealias Task = (bytes: Slice<UnsafeRawBufferPointer>, buffer: Slice<UnsafeRawBufferPointer>?)

  /// Finds `[CPU]`: what is before it names the task.
  private static func splitAtCPU(_ line: TextScanner) -> (Task, UInt16, TextScanner)? {
    var scanner = line
    while scanner.skip(past: UInt8(ascii: "[")) {
      let opening = scanner.position - 1
      guard opening > line.position, line.bytes[opening - 1] == 0x20, let cpu = scanner.number(),
        let number = UInt16(exactly: cpu), scanner.skip("]")
      else { continue }
      var task = line.bytes[line.position..<opening]
      while task.last == 0x20 { task = task.dropLast() }
      var buffer: Slice<UnsafeRawBufferPointer>?
      let first = task.prefix { $0 != 0x20 }
      if first.last == UInt8(ascii: ":"), first.count < task.count {
        buffer = first.dropLast()
        task = task.dropFirst(first.count)
      }
      return ((task, buffer), number, scanner)
    }
    return nil
  }

  /// The number at the end of `TASK-PID`, `TASK-PID (TGID)` or `TASK PID`.
  private static func pid(_ task: Slice<UnsafeRawBufferPointer>) -> Int32? {
    var task = task
    if task.last == UInt8(ascii: ")"), let opening = task.lastIndex(of: UInt8(ascii: "(")) {
      task = task[..<opening]
      while task.last == 0x20 { task = task.dropLast() }
    }
    let digits = task.reversed().prefix { (0x30...0x39).contains($0) }
    let start = task.endIndex - digits.count
    guard !digits.isEmpty, start > task.startIndex,
      task[start - 1] == UInt8(ascii: "-") || task[start - 1] == 0x20
    else { return nil }
    var scanner = TextScanner(task[start...])
    return scanner.number().flatMap { Int32(exactly: $0) }
  }

  /// Seconds with up to nine decimals, or a whole number as it stands.
  private static func time(_ token: Slice<UnsafeRawBufferPointer>) -> UInt64? {
    var scanner = TextScanner(token)
    guard let whole = scanner.number() else { return nil }
    if scanner.isAtEnd { return whole }
    guard scanner.skip(".") else { return nil }
    let start = scanner.position
    guard var part = scanner.number(), scanner.isAtEnd, scanner.position - start <= 9 else { return nil }
    for _ in (scanner.position - start)..<9 { part *= 10 }
    let (seconds, overflow) = whole.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? nil : seconds.addingReportingOverflow(part).partialValue
  }
}

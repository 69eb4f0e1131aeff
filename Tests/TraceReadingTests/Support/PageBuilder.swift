/// Builds one ring-buffer page, entry by entry.
struct PageBuilder {
  enum Loss {
    case none
    case unknown
    case counted(UInt64)
  }

  var timestamp: UInt64
  var loss = Loss.none
  var size = 256
  private(set) var entries = Bytes()

  init(at timestamp: UInt64, loss: Loss = .none, size: Int = 256) {
    self.timestamp = timestamp
    self.loss = loss
    self.size = size
  }

  var room: Int { size - 16 - entries.all.count }

  /// An entry's first word: type or length, time since the entry before.
  mutating func word(_ type: UInt32, delta: UInt32 = 0) { entries.number(type | delta << 5) }

  /// Any further word.
  mutating func raw(_ value: UInt32) { entries.number(value) }

  /// A record; short ones have their length in the first word, others in the next.
  mutating func record(_ payload: [UInt8], delta: UInt32 = 0, longForm: Bool = false) {
    let padded = payload + [UInt8](repeating: 0, count: (4 - payload.count % 4) % 4)
    if padded.isEmpty || padded.count > 112 || longForm {
      word(0, delta: delta)
      raw(UInt32(payload.count + 4))
    } else {
      word(UInt32(padded.count / 4), delta: delta)
    }
    entries.all += padded
  }

  /// An event of the sample formats: its number, task and one value.
  mutating func event(_ id: UInt16, pid: Int32 = 1, value: UInt64 = 0, delta: UInt32 = 0) {
    record(PageBuilder.payload(id, pid: pid, value: value), delta: delta)
  }

  static func payload(_ id: UInt16, pid: Int32 = 1, value: UInt64 = 0) -> [UInt8] {
    var bytes = Bytes()
    bytes.number(id)
    bytes.number(UInt16(0))
    bytes.number(pid)
    bytes.number(value)
    return bytes.all
  }

  /// The whole page; `commit` overrides the length of the entries.
  func page(commit: UInt64? = nil) -> [UInt8] {
    var bytes = Bytes()
    bytes.number(timestamp)
    var flags: UInt64 = 0
    var stored: UInt64?
    switch loss {
    case .none: break
    case .unknown: flags = 1 << 31
    case .counted(let count): (flags, stored) = (3 << 30, count)
    }
    bytes.number(commit ?? (entries.count | flags))
    bytes.all += entries.all
    if let stored { bytes.number(stored) }
    bytes.align(to: size)
    return bytes.all
  }
}

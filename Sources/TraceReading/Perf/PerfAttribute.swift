/// One event that perf recorded: the parts of `struct perf_event_attr` (include/uapi/linux/perf_event.h) that say
/// how its samples are laid out and what they leave out.
struct PerfAttribute: Sendable {
  /// PERF_TYPE_TRACEPOINT; `config` is then the number of the event's format.
  static let tracepointType: UInt32 = 2
  /// Least and largest size of the structure, bytes; PERF_ATTR_SIZE_VER0, and far above what any kernel has.
  static let sizes = 64...4096

  let type: UInt32
  let config: UInt64
  let period: UInt64
  let sampleType: PerfSampleType
  let readFormat: PerfReadFormat
  let flags: PerfAttributeFlags
  let clockID: Int32
  let branchType: UInt64
  let userRegisters: UInt64
  let interruptRegisters: UInt64
  /// The numbers by which samples name this event: one for each CPU that it was opened on.
  var ids: [UInt64] = []

  /// - Parameter bytes: the structure; fields that an older perf did not have read as 0.
  init(_ bytes: UnsafeRawBufferPointer) {
    func word(_ offset: Int) -> UInt64 {
      offset + 8 <= bytes.count ? bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : 0
    }
    type = UInt32(truncatingIfNeeded: word(0))
    config = word(8)
    period = word(16)
    sampleType = PerfSampleType(rawValue: word(24))
    readFormat = PerfReadFormat(rawValue: word(32))
    flags = PerfAttributeFlags(rawValue: word(40))
    branchType = word(72)
    userRegisters = word(80)
    clockID = Int32(truncatingIfNeeded: word(88) >> 32)
    interruptRegisters = word(96)
  }

  var isTracepoint: Bool { type == Self.tracepointType }

  /// Whether samples of both are laid out alike, so that one can be read without knowing which it is.
  func hasLayout(of other: PerfAttribute) -> Bool {
    sampleType == other.sampleType && readFormat == other.readFormat && branchType == other.branchType
      && userRegisters == other.userRegisters && interruptRegisters == other.interruptRegisters
      && flags.contains(.sampleIDAll) == other.flags.contains(.sampleIDAll)
  }
}

/// `enum perf_event_sample_format`: which fields a sample has. They come in the order of `PerfSample.init`.
struct PerfSampleType: OptionSet, Sendable {
  let rawValue: UInt64
  static let ip = Self(rawValue: 1 << 0)
  static let tid = Self(rawValue: 1 << 1)
  static let time = Self(rawValue: 1 << 2)
  static let addr = Self(rawValue: 1 << 3)
  static let read = Self(rawValue: 1 << 4)
  static let callchain = Self(rawValue: 1 << 5)
  static let id = Self(rawValue: 1 << 6)
  static let cpu = Self(rawValue: 1 << 7)
  static let period = Self(rawValue: 1 << 8)
  static let streamID = Self(rawValue: 1 << 9)
  static let raw = Self(rawValue: 1 << 10)
  static let branchStack = Self(rawValue: 1 << 11)
  static let userRegisters = Self(rawValue: 1 << 12)
  static let userStack = Self(rawValue: 1 << 13)
  static let weight = Self(rawValue: 1 << 14)
  static let dataSource = Self(rawValue: 1 << 15)
  static let identifier = Self(rawValue: 1 << 16)
  static let transaction = Self(rawValue: 1 << 17)
  static let interruptRegisters = Self(rawValue: 1 << 18)
  static let physicalAddress = Self(rawValue: 1 << 19)
  static let aux = Self(rawValue: 1 << 20)
  static let cgroup = Self(rawValue: 1 << 21)
  static let dataPageSize = Self(rawValue: 1 << 22)
  static let codePageSize = Self(rawValue: 1 << 23)
  static let weightStruct = Self(rawValue: 1 << 24)
  /// Every field whose size is known.
  static let known = Self(rawValue: (1 << 25) - 1)
}

/// `enum perf_event_read_format`.
struct PerfReadFormat: OptionSet, Sendable {
  let rawValue: UInt64
  static let totalTimeEnabled = Self(rawValue: 1 << 0)
  static let totalTimeRunning = Self(rawValue: 1 << 1)
  static let id = Self(rawValue: 1 << 2)
  static let group = Self(rawValue: 1 << 3)
  /// Linux 6.0: the kernel counts the samples of the event that it lost.
  static let lost = Self(rawValue: 1 << 4)
}

/// The bits of `struct perf_event_attr` that matter here.
struct PerfAttributeFlags: OptionSet, Sendable {
  let rawValue: UInt64
  static let excludeKernel = Self(rawValue: 1 << 5)
  static let excludeIdle = Self(rawValue: 1 << 7)
  static let frequency = Self(rawValue: 1 << 10)
  static let sampleIDAll = Self(rawValue: 1 << 18)
  static let useClockID = Self(rawValue: 1 << 25)
  static let writeBackward = Self(rawValue: 1 << 27)
}

extension Sidecar {
  /// What a recording was reduced from: some of another one's events, chosen to show one violation.
  public struct Reduced: Codable, Sendable, Equatable {
    /// The other one's file name; nil if it is not to be known.
    public var recording: String?
    /// XXH64 of its bytes, unpacked; 16 hexadecimal digits.
    public var xxh64: String
    /// How many records it has.
    public var records: UInt64
    /// The numbers that this one's events have there, in their order.
    public var events: [UInt64]
    /// The invariant that is broken.
    public var invariant: String
    /// The violation's fingerprint.
    public var fingerprint: String
    /// Whether every event was tried, and none can be left out; false if time was up before.
    public var isMinimal: Bool
    /// Whether addresses and names were replaced.
    public var isRedacted: Bool

    /// Some of a recording's events.
    public init(
      recording: String?, xxh64: String, records: UInt64, events: [UInt64], invariant: String, fingerprint: String,
      isMinimal: Bool = true, isRedacted: Bool = false
    ) {
      self.recording = recording
      self.xxh64 = xxh64
      self.records = records
      self.events = events
      self.invariant = invariant
      self.fingerprint = fingerprint
      self.isMinimal = isMinimal
      self.isRedacted = isRedacted
    }

    enum CodingKeys: String, CodingKey {
      case recording, xxh64, records, events, invariant, fingerprint
      case isMinimal = "minimal"
      case isRedacted = "redacted"
    }
  }
}

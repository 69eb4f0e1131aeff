/// How much of the kernel's doings a recording holds; each level has all of those before it.
public enum RecordingLevel: String, Codable, Sendable, CaseIterable, Comparable {
  /// VMAs, anon_vmas and the chains between them.
  case structure
  /// That, and the anonymous pages.
  case pages
  /// That, and the kernel's own rmap walks.
  case walks

  private var rank: Int {
    switch self {
    case .structure: 0
    case .pages: 1
    case .walks: 2
    }
  }

  /// By how much they hold.
  public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

  /// The level of a recording with these kinds of event: the highest of which it has any. A kind that is missing
  /// from that level is then a flaw of the recording, and not a choice.
  @inline(__always) public init(of kinds: some Sequence<EventKind>) {
    self = .structure
    for kind in kinds where kind.level > self { self = kind.level }
  }
}

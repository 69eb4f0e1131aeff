public import RmapEvents

/// A sign that what some task did was not recorded. It contradicts nothing by itself: a fault may look the same. But where
/// nobody says that all tasks were recorded, nothing is proved behind it.
public struct LeftOut: Sendable {
  /// What was seen.
  public enum What: Sendable {
    /// A page of KSM goes from a VMA where nobody was seen to map it, though all of the VMA is known: ksmd maps those
    /// (mm/ksm.c:replace_page), and no process of a command is ksmd.
    case ksmPage
    /// An AVC enters a tree while it stands in one with a VMA of another mm: nobody was seen to take that VMA down.
    case avc
  }

  /// What was seen.
  public let what: What
  /// Where it was seen.
  public let at: EventStamp
}

/// How well the model's page tables predicted the recorded unmappings.
public struct GraphStatistics: Sendable, Equatable {
  /// Page unmappings that the model had predicted, of anonymous pages outside KSM.
  public var predictedUnmaps: UInt64 = 0
  /// Page unmappings that it had not: mapped before the recording, or by a way that leaves no event.
  public var unpredictedUnmaps: UInt64 = 0
  /// Those of ``predictedUnmaps`` in an mm that fork or exec made within the recording.
  public var predictedUnmapsOfBorn: UInt64 = 0
  /// Those of ``unpredictedUnmaps`` in such an mm.
  public var unpredictedUnmapsOfBorn: UInt64 = 0
  /// Pages that the model still had mapped when their mm was gone: unmapped by a way that leaves no event.
  public var vanishedPages: UInt64 = 0
  /// Pages that fork was inferred to share (copy_page_range leaves no event per page).
  public var inheritedPages: UInt64 = 0
  /// Operations whose return was never seen (a kretprobe without a free slot).
  public var missingReturns: UInt64 = 0

  /// All zero.
  public init() {}
}

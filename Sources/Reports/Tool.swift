/// The program that made a report.
public struct Tool: Sendable {
  /// Its name.
  public static let name = "rmapcheck"
  /// Its version.
  public static let version = "0.1.0"
  /// The commit that it was built from; nil where that is not known. With `-dirty` if there were changes.
  public let commit: String?

  /// A build.
  public init(commit: String? = nil) { self.commit = commit }

  /// `0.1.0 (1a2b3c4d5e6f)`.
  public var fullVersion: String { Self.version + (commit.map { " (\($0))" } ?? "") }
}

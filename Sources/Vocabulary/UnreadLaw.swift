/// Something in a kernel's types that the law of the invariants rests on, and that it was not read against.
///
/// Nobody knows what such a kernel's rules are: whatever rests on it is undecided, neither violated nor holding.
public struct UnreadLaw: Codable, Hashable, Sendable {
  /// The newest kernel whose source the law was read in.
  public static let newestKernelRead = "7.3.4"

  /// What it is.
  public enum Kind: String, Codable, Sendable {
    /// A member of a struct, or a known one of another type.
    case member
    /// A parameter of a probed function, or a known one in another place or of another type.
    case parameter
    /// An enumerator.
    case enumerator
  }

  /// What it is.
  public let kind: Kind
  /// The struct, the function, or the enum without `enum`.
  public let of: String
  /// The member, parameter or enumerator; with its type in C where only that is new.
  public let name: String

  /// An unread part of a struct, a prototype or an enum.
  public init(_ kind: Kind, of: String, name: String) {
    self.kind = kind
    self.of = of
    self.name = name
  }

  /// A clause: `vm_area_struct has __vm_x`.
  public var text: String {
    switch kind {
    case .member: "\(of) has \(name)"
    case .parameter: "\(of) takes \(name)"
    case .enumerator: "enum \(of) has \(name)"
    }
  }

  /// One sentence for several, without an end: `vm_area_struct has __vm_x, anon_vma_clone takes operation, which …`.
  public static func sentence(_ all: some Sequence<UnreadLaw>) -> String {
    all.map(\.text).joined(separator: ", ") + ", which the law was not read against"
  }
}

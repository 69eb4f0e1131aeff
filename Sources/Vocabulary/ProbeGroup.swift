/// The group (`system`) that our probes are in.
public enum ProbeGroup {
  /// The group of probes that were made by hand, and the beginning of every other.
  public static let name = "rmap"

  /// Whether a group is ours: `rmap`, or `rmap_…` of one run of `rmapcheck record`. A fault in the format of one of
  /// its events makes the recording unreadable; in another group's it is only noted.
  public static func isOurs(_ system: String) -> Bool {
    system == name || system.hasPrefix(name + "_")
  }
}

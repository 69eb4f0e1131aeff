/// What a kernel says of how it was built.
enum KernelBuild {
  /// What compiled and linked it, from `/proc/version`: what stands in the second parentheses, after who built it
  /// (init/version.c, linux_proc_banner).
  static func compiler(ofBanner banner: String) -> String? {
    var (depth, groups, group) = (0, [String](), "")
    for character in banner {
      if character == ")" {
        depth -= 1
        if depth == 0 {
          groups.append(group)
          group = ""
        }
      }
      if depth > 0 { group.append(character) }
      if character == "(" { depth += 1 }
    }
    return groups.count > 1 && !groups[1].isEmpty ? groups[1] : nil
  }

  /// The hash that scripts/setlocalversion appends to the release of a kernel that is built from git.
  static func commit(ofRelease release: String) -> String? {
    release.matches(of: /-g([0-9a-f]{7,40})(?![0-9a-z])/).last.map { String($0.output.1) }
  }
}

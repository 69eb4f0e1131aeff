extension Policy.Exemption {
  /// Designs in which a child keeps its parent's anon_vma.
  static let sharedByLineage = Self(
    "shared-anon-vma", "VMAs of several processes have one anon_vma by design")
}

extension Policy.Exemption {
  /// Designs without `num_children` and `num_active_vmas`.
  static let reuseRule = Self("counters", "the design does not count children and VMAs apart")
}

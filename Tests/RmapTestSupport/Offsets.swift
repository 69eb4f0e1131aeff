public import RmapEvents

extension VMAView {
  /// The one offset of a VMA on a kernel before 7.3: whoever alters it alters what both of today's are read from.
  public var offset: PgOff {
    get { vmPgoff }
    set { (vmPgoff, anonPgoff) = (newValue, newValue) }
  }
}

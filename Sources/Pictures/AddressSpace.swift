public import RmapEvents
package import RmapGraph

/// The VMAs of one mm at one moment, as far as the recording has shown them.
public struct AddressSpace: Sendable, Equatable {
  /// A VMA in it.
  public struct Piece: Sendable, Equatable {
    /// The VMA's address.
    public let vma: KernelAddress
    /// The number of the event that made it, 0 if it is older than the recording: an address may have another tenant
    /// later.
    public let birth: UInt64
    /// `vm_start`.
    public let start: UserAddress
    /// `vm_end`.
    public let end: UserAddress
    /// The index of its first anonymous page.
    public let pgoff: PgOff
    /// `vma->anon_vma`; null while no page has been faulted in.
    public let anonVMA: KernelAddress
    /// How many pages it maps.
    public let mappedPages: Int

    /// Whether it has an anon_vma, and so may have anonymous pages.
    public var isFaulted: Bool { !anonVMA.isNull }

    var tenant: Strip.Tenant { Strip.Tenant(address: vma, birth: birth) }
  }

  /// The mm.
  public let mm: KernelAddress
  /// Its VMAs, upwards.
  public let pieces: [Piece]

  /// How many VMAs of an mm are kept at most.
  static let piecesKept = 2048

  /// What a graph has of an mm.
  package init(of mm: KernelAddress, in graph: borrowing RmapGraph) {
    self.mm = mm
    var pieces: [Piece] = []
    for id in graph.vmas(of: mm).prefix(Self.piecesKept) {
      let view = graph[id].view
      guard view.end > view.start else { continue }
      pieces.append(
        Piece(
          vma: view.address, birth: graph[id].birth.ordinal, start: view.start, end: view.end, pgoff: view.anonPgoff,
          anonVMA: view.anonVMA,
          mappedPages: graph.mappedPages(in: id)))
    }
    self.pieces = pieces
  }
}

/// The address space of one mm around some VMAs, before and after.
public struct Strip: Sendable, Equatable {
  /// One of the two rows.
  public struct Row: Sendable, Equatable {
    /// When it was so.
    public let stamp: EventStamp
    /// Before or after that event.
    public let moment: GraphPicture.Moment
    /// The VMAs, upwards.
    public let pieces: [AddressSpace.Piece]
  }

  /// The mm.
  public let mm: KernelAddress
  /// As it was.
  public let before: Row
  /// As it is.
  public let after: Row
  /// The VMAs' names.
  private let vmaNames: [Tenant: String]
  /// The anon_vmas' names.
  private let anonVMANames: [KernelAddress: String]

  /// A VMA: an address, and which of its tenants.
  struct Tenant: Hashable, Sendable {
    let address: KernelAddress
    let birth: UInt64
  }

  /// A VMA's name.
  func name(of piece: AddressSpace.Piece) -> String { vmaNames[piece.tenant] ?? "" }

  /// The name of a VMA's anon_vma.
  func anonVMAName(of piece: AddressSpace.Piece) -> String { anonVMANames[piece.anonVMA] ?? "" }

  /// Whether nothing has changed.
  public var isStill: Bool { before.pieces == after.pieces }

  /// How many VMAs beside those that it is about are shown on either side.
  private static let neighbours = 2

  /// VMAs further away than so many bytes are none.
  private static let near: UInt64 = 64 << 20

  /// Around some VMAs; `vmas` has the names of all that have one.
  init(
    _ mm: KernelAddress, about subjects: Set<Tenant>, _ vmas: [Tenant: String],
    before: ([AddressSpace.Piece], EventStamp),
    after: ([AddressSpace.Piece], EventStamp, GraphPicture.Moment), names known: Names
  ) {
    self.mm = mm
    let all = (before.0 + after.0).sorted { ($0.start, $0.end) < ($1.start, $1.end) }
    let concerned = all.filter { subjects.contains($0.tenant) }
    let low = concerned.map(\.start).min() ?? UserAddress(0)
    let high = concerned.map(\.end).max() ?? UserAddress(0)
    let below = Set(all.filter { $0.end <= low && low.raw - $0.end.raw <= Self.near }.map(\.start)).sorted()
    let above = Set(all.filter { $0.start >= high && $0.start.raw - high.raw <= Self.near }.map(\.end)).sorted()
    let from = below.suffix(Self.neighbours).first ?? low
    let to = above.prefix(Self.neighbours).last ?? high
    func window(_ pieces: [AddressSpace.Piece]) -> [AddressSpace.Piece] {
      pieces.filter { $0.start >= from && $0.end <= to }
    }
    self.before = Row(stamp: before.1, moment: .before, pieces: window(before.0))
    self.after = Row(stamp: after.1, moment: after.2, pieces: window(after.0))
    var vmaNames: [Tenant: String] = [:]
    var anonVMANames: [KernelAddress: String] = [:]
    var next = (vma: 1, tree: 1)
    for piece in self.before.pieces + self.after.pieces {
      if vmaNames[piece.tenant] == nil {
        vmaNames[piece.tenant] = vmas[piece.tenant] ?? "w\(next.vma)"
        if vmas[piece.tenant] == nil { next.vma += 1 }
      }
      if piece.isFaulted, anonVMANames[piece.anonVMA] == nil {
        anonVMANames[piece.anonVMA] = known[piece.anonVMA] ?? "b\(next.tree)"
        if known[piece.anonVMA] == nil { next.tree += 1 }
      }
    }
    self.vmaNames = vmaNames
    self.anonVMANames = anonVMANames
  }
}

/// A strip in plain ASCII: a solid edge is a VMA with an anon_vma, a dotted one has none yet (unfaulted).
public struct StripText {
  private let strip: Strip
  private let functions: FunctionNames
  private let bounds: [UserAddress]
  private var widths: [Int]

  /// A strip, with the names of the recorded kernel's functions.
  public init(_ strip: Strip, _ functions: FunctionNames) {
    self.strip = strip
    self.functions = functions
    let pieces = strip.before.pieces + strip.after.pieces
    bounds = Set(pieces.flatMap { [$0.start, $0.end] }).sorted()
    widths = zip(bounds, bounds.dropFirst()).map { start, end in
      let isUsed = pieces.contains { $0.start <= start && $0.end >= end }
      let pages = max(1, end.page - start.page)
      return isUsed ? min(18, 5 + (UInt64.bitWidth - pages.leadingZeroBitCount)) : 3
    }
    for piece in pieces { widen(piece) }
    shrink()
  }

  /// Makes room for what is written into a VMA.
  private mutating func widen(_ piece: AddressSpace.Piece) {
    let (from, to) = (index(piece.start), index(piece.end))
    let lack = label(piece).count + 3 - widths[from..<to].reduce(0, +)
    if lack > 0 { widths[from] += lack }
  }

  private mutating func shrink() {
    while widths.reduce(0, +) > PictureText.width - 4, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }),
      widths[widest] > 3
    {
      widths[widest] -= 1
    }
  }

  /// All of it; none if there is no room or nothing to draw.
  public func lines() -> [String] {
    guard !strip.after.pieces.isEmpty || !strip.before.pieces.isEmpty,
      widths.reduce(0, +) <= PictureText.width - 4
    else { return [] }
    var lines = ["mm \(strip.mm):", rulers()]
    if strip.isStill {
      lines += drawn(strip.after, "")
    } else {
      lines += drawn(strip.before, "before event \(strip.before.stamp.ordinal)")
      lines += drawn(strip.after, "\(strip.after.moment.rawValue) event \(strip.after.stamp.ordinal)")
    }
    return lines + table() + ["  (|---| faulted: has an anon_vma  |...| unfaulted)"]
  }

  private func index(_ address: UserAddress) -> Int { bounds.firstIndex(of: address) ?? 0 }

  private func column(_ address: UserAddress) -> Int { 2 + widths[..<index(address)].reduce(0, +) }

  /// `V A`, `K unfaulted`.
  private func label(_ piece: AddressSpace.Piece) -> String {
    strip.name(of: piece) + " " + (piece.isFaulted ? strip.anonVMAName(of: piece) : "unfaulted")
  }

  /// The addresses that have room above where they are.
  private func rulers() -> String {
    var line: [Character] = []
    for bound in bounds {
      let column = column(bound)
      guard line.isEmpty || column > line.count, column + "\(bound)".count <= PictureText.width else { continue }
      line += Array(repeating: " ", count: column - line.count) + Array("\(bound)")
    }
    return String(line)
  }

  private func drawn(_ row: Strip.Row, _ when: String) -> [String] {
    let head = when.isEmpty ? [] : ["  " + when + ":"]
    return head + (row.pieces.isEmpty ? ["  nothing"] : levels(row.pieces).flatMap(drawn))
  }

  /// While a split or a merge is under way, VMAs overlap: then they are drawn below one another.
  private func levels(_ pieces: [AddressSpace.Piece]) -> [[AddressSpace.Piece]] {
    var levels: [[AddressSpace.Piece]] = []
    for piece in pieces {
      if let free = levels.firstIndex(where: { $0.allSatisfy { $0.end <= piece.start } }) {
        levels[free].append(piece)
      } else {
        levels.append([piece])
      }
    }
    return levels
  }

  private func drawn(_ pieces: [AddressSpace.Piece]) -> [String] {
    var edge = [Character](repeating: " ", count: PictureText.width)
    var names = edge
    for piece in pieces {
      let (from, to) = (column(piece.start), column(piece.end))
      for place in from...to where edge[place] != "|" { edge[place] = piece.isFaulted ? "-" : "." }
      (edge[from], edge[to]) = ("|", "|")
      let written = label(piece).count < to - from - 1 ? label(piece) : strip.name(of: piece)
      let begin = max(from + 1, min(from + 2, to - written.count))
      for (offset, letter) in written.enumerated() where begin + offset < to { names[begin + offset] = letter }
    }
    return [edge, names].map { String($0).trimmedAtEnd }
  }

  /// What each of the VMAs is, as it is now.
  private func table() -> [String] {
    let gone = strip.before.pieces.filter { old in !strip.after.pieces.contains { $0.tenant == old.tenant } }
    return (gone.map { ($0, true) } + strip.after.pieces.map { ($0, false) })
      .sorted { ($0.0.start, $0.0.end) < ($1.0.start, $1.0.end) }
      .map { piece, isGone in
        var text = "  \(pad(strip.name(of: piece), 3))\(piece.start)-\(piece.end) pgoff \(piece.pgoff)"
        let pages = piece.end.page - piece.start.page
        text += isGone ? ", gone" : ", \(piece.mappedPages) of \(pages) pages"
        return text
      }
  }
}

extension String {
  /// Without the blanks at its end.
  var trimmedAtEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}

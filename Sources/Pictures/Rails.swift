import RmapEvents

/// The crossing lines of a picture: a row for each VMA, a column for each anon_vma.
struct Rails {
  private let picture: GraphPicture
  private let cast: Cast
  private let labels: [String]
  private let left: Int
  private let pitch: Int

  init(_ picture: GraphPicture, _ cast: Cast) {
    self.picture = picture
    self.cast = cast
    let long = cast.vmas.map { Self.label(picture.vmas[$0], withOffset: true) }
    let short = cast.vmas.map { Self.label(picture.vmas[$0], withOffset: false) }
    // The last column needs two places less.
    let columns = max(1, cast.anonVMAs.count) * 4
    let fits = (long.map(\.count).max() ?? 0) + 1 + columns <= PictureText.width
    labels = fits ? long : short
    left = max(labels.map(\.count).max() ?? 0, 30) + 1
    pitch = max(3, min(8, (PictureText.width - left) / max(1, cast.anonVMAs.count)))
  }

  private static func label(_ vma: GraphPicture.VMANode, withOffset: Bool) -> String {
    let view = vma.view
    var text = (vma.isWrong ? "  ! " : "    ") + pad(vma.name, 3)
    // vm_area_dup has returned it, and nothing has shown its fields.
    if view.mm.isNull { return text + "vma \(view.address)" }
    text += "\(view.start)-\(view.end)"
    if withOffset { text += " pgoff \(view.anonPgoff)" }
    return text
  }

  /// The head, and a line for each mm and each VMA.
  func lines() -> [String] {
    let head = head()
    var lines = head.isEmpty ? [] : [head]
    var mm: KernelAddress?
    for (row, vma) in cast.vmas.enumerated() {
      if picture.vmas[vma].view.mm != mm {
        mm = picture.vmas[vma].view.mm
        let title = picture.vmas[vma].view.mm.isNull ? "  not set up yet" : "  mm \(picture.vmas[vma].view.mm)"
        lines.append(trimmed(pad(title, left) + rail { _ in "|" }))
      }
      lines.append(trimmed(line(row)))
    }
    return lines
  }

  private func head() -> String {
    var parts: [String] = []
    let vmas = picture.vmas.count - cast.vmas.count + picture.vmasLeftOut
    let trees = picture.anonVMAs.count - cast.anonVMAs.count + picture.anonVMAsLeftOut
    if vmas > 0 { parts.append(vmas == 1 ? "1 VMA" : "\(vmas) VMAs") }
    if trees > 0 { parts.append(trees == 1 ? "1 anon_vma" : "\(trees) anon_vmas") }
    let note = parts.isEmpty ? "" : "  not shown: " + parts.joined(separator: ", ")
    return trimmed(pad(note, left) + rail { picture.anonVMAs[cast.anonVMAs[$0]].name })
  }

  private func rail(_ cell: (Int) -> String) -> String {
    cast.anonVMAs.indices.map { pad(cell($0), pitch) }.joined()
  }

  private func line(_ row: Int) -> String {
    let vma = cast.vmas[row]
    let edges = cast.anonVMAs.map { picture.edge(vma, $0) }
    guard let last = edges.lastIndex(where: { $0 != nil }) else {
      return pad(labels[row], left) + rail { _ in "|" }
    }
    var text = labels[row] + " " + String(repeating: "-", count: max(0, left - labels[row].count - 1))
    for (column, edge) in edges.enumerated() {
      let sign = edge.map(Self.sign) ?? "|"
      let fill = column < last ? "-" : " "
      text += sign + String(repeating: fill, count: max(0, pitch - sign.count))
    }
    return text
  }

  private static func sign(_ edge: GraphPicture.AVCEdge) -> String {
    switch edge.state {
    case .missing: "X"
    case .parked: edge.isWrong ? "~!" : "~"
    case .linked: (edge.isOwn ? "@" : "o") + (edge.isWrong ? "!" : "")
    }
  }

  /// What the signs mean that are used.
  func legend() -> String? {
    let shown = picture.edges.filter { cast.vmas.contains($0.vma) && cast.anonVMAs.contains($0.anonVMA) }
    var parts: [String] = []
    if shown.contains(where: { $0.state == .linked && !$0.isOwn }) { parts.append("o AVC") }
    if shown.contains(where: { $0.state == .linked && $0.isOwn }) { parts.append("@ AVC of vma->anon_vma") }
    if shown.contains(where: { $0.state == .parked }) { parts.append("~ AVC out of its tree") }
    if shown.contains(where: { $0.state == .missing }) { parts.append("X AVC is missing") }
    if shown.contains(where: \.isWrong) || picture.vmas.contains(where: \.isWrong)
      || picture.anonVMAs.contains(where: \.isWrong) || picture.folios.contains(where: \.isWrong)
    {
      parts.append("! wrong")
    }
    return parts.isEmpty ? nil : "  (" + parts.joined(separator: "  ") + ")"
  }

  private func trimmed(_ text: String) -> String {
    var text = text
    while text.last == " " { text.removeLast() }
    return text
  }
}

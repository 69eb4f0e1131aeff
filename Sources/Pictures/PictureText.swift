public import RmapEvents

/// The graph in plain ASCII, 80 columns: a VMA's chain runs from left to right, an anon_vma's tree from top to bottom,
/// and an AVC is where they cross.
public struct PictureText {
  static let width = 80
  /// The most lines of a picture within a report.
  public static let smallLines = 14

  let picture: EventPicture
  let functions: FunctionNames

  /// A picture of an event, with the names of the recorded kernel's functions.
  public init(_ picture: EventPicture, _ functions: FunctionNames) {
    self.picture = picture
    self.functions = functions
  }

  /// The moment that shows what is wrong, in at most ``smallLines`` lines; none if there is nothing to show.
  public func small() -> [String] {
    let shown = picture.telling
    if shown.isEmpty { return [] }
    var cast = Cast(shown, vmas: 6, anonVMAs: 5, folios: 1)
    var lines = self.lines(shown, cast, isSmall: true)
    while lines.count > Self.smallLines, cast.dropFarthest(shown) { lines = self.lines(shown, cast, isSmall: true) }
    return Array(lines.prefix(Self.smallLines))
  }

  /// One moment, in full.
  public func full(_ shown: GraphPicture) -> [String] {
    lines(shown, Cast(shown, vmas: PictureLimit.standard.vmas, anonVMAs: 11, folios: 4), isSmall: false)
  }

  /// `After event 2117, anon_vma_fork's return`.
  public func title(_ moment: GraphPicture.Moment) -> String {
    let function = functions[picture.step.kind]
    let what = picture.step.returned == nil ? function : "the return of \(function)"
    var text = "\(moment == .before ? "Before" : "After") event \(picture.stamp.ordinal), \(what)"
    if let operation = picture.operation, operation.kind != picture.step.kind {
      text += " in \(functions[operation.kind])"
    }
    return text + ":"
  }

  private func lines(_ shown: GraphPicture, _ cast: Cast, isSmall: Bool) -> [String] {
    if shown.isEmpty { return [title(shown.moment), "  none of these objects is in the graph"] }
    let rails = Rails(shown, cast)
    var lines = [title(shown.moment)] + rails.lines()
    if !isSmall { lines += cast.vmas.map { vmaLine(shown.vmas[$0]) } }
    lines += cast.anonVMAs.flatMap { anonVMALines(shown.anonVMAs[$0], shown) }
    lines += cast.folios.map { folioLine(shown.folios[$0], shown) }
    if let accusation = picture.focus.accusation, !isSmall || !shown.speaksForItself {
      lines += wrap("  ! ", accusation.text)
    }
    if let legend = rails.legend() { lines.append(legend) }
    return lines
  }

  private func vmaLine(_ vma: GraphPicture.VMANode) -> String {
    let view = vma.view
    var text = "  \(pad(vma.name, 3))vma \(view.address)"
    if !view.mm.isNull { text += ", \(flags(view.flags)), \(vma.mappedPages) of \(view.pages) pages" }
    if view.vmPgoff != view.anonPgoff { text += ", vm_pgoff \(view.vmPgoff)" }
    if vma.birth.isRecorded { text += ", born \(vma.birth.ordinal)" }
    return text
  }

  private func anonVMALines(_ node: GraphPicture.AnonVMANode, _ shown: GraphPicture) -> [String] {
    let head = (node.isWrong ? "! " : "  ") + pad(node.name, 3) + "anon_vma \(node.address)"
    guard let state = node.state else { return [head + (node.wasFreed ? ", freed" : ", never seen in a tree")] }
    var text = ""
    if state.root == node.address { text += ", root" } else { text += ", root \(name(state.root, shown))" }
    if state.parent != node.address { text += ", parent \(name(state.parent, shown))" }
    text += ", children \(count(state.children)), active \(count(state.active))"
    let born = state.birth.isRecorded ? ", born \(state.birth.ordinal)" : ", old"
    if head.count + text.count + born.count <= Self.width { return [head + text + born] }
    if head.count + text.count <= Self.width { return [head + text] }
    return wrap(head + " ", String(text.dropFirst(2)))
  }

  private func folioLine(_ node: GraphPicture.FolioNode, _ shown: GraphPicture) -> String {
    var text = (node.isWrong ? "! " : "  ") + pad(node.name, 3) + "folio \(node.address), index \(node.index)"
    if node.mapping.isKSM {
      text += ", KSM"
    } else if node.mapping.isAnonymous {
      text += " -> " + (node.anonVMA.map { shown.anonVMAs[$0].name } ?? "\(node.mapping.anonVMA)")
    }
    let names = node.mappedBy.map { shown.vmas[$0.vma].name }
    text += names.isEmpty ? ", not mapped here" : ", mapped by " + names.joined(separator: " ")
    return text.count <= Self.width ? text : String(text.prefix(Self.width - 3)) + "..."
  }

  private func name(_ address: KernelAddress, _ shown: GraphPicture) -> String {
    shown.anonVMAs.first { $0.address == address }?.name ?? "\(address)"
  }

  private func count(_ value: Int64?) -> String { value.map(String.init) ?? "?" }
}

/// `rw-p`.
func flags(_ flags: VMFlags) -> String {
  let letters = zip("rwx", [0, 1, 2]).map { letter, bit in
    flags.contains(VMFlags(rawValue: 1 << UInt64(bit))) ? String(letter) : "-"
  }
  return letters.joined() + (flags.contains(.shared) ? "s" : "p")
}

/// Left-aligned text.
func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }

/// Text behind a label, in lines of 80 columns, the later ones below the first.
func wrap(_ label: String, _ text: String) -> [String] {
  let indent = String(repeating: " ", count: min(label.count, 12))
  var lines: [String] = []
  var line = label
  var isEmpty = true
  for word in text.split(separator: " ") {
    if !isEmpty, line.count + 1 + word.count > PictureText.width {
      lines.append(line)
      line = indent
      isEmpty = true
    }
    line += (isEmpty ? "" : " ") + word
    isEmpty = false
  }
  return lines + [line]
}

/// Which of a picture's objects are drawn.
struct Cast {
  var vmas: [Int]
  var anonVMAs: [Int]
  var folios: [Int]

  /// The nearest to what the picture is about.
  init(_ picture: GraphPicture, vmas: Int, anonVMAs: Int, folios: Int) {
    func nearest(_ distances: [Int], _ count: Int) -> [Int] {
      distances.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(count).sorted()
    }
    self.vmas = nearest(picture.vmas.map(\.distance), vmas)
    self.anonVMAs = nearest(picture.anonVMAs.map(\.distance), anonVMAs)
    self.folios = Array(picture.folios.indices.prefix(folios))
  }

  /// Leaves out one more object; false if only those of the finding are left.
  mutating func dropFarthest(_ picture: GraphPicture) -> Bool {
    let marked = Set(picture.edges.filter { $0.state == .missing || $0.isWrong }.flatMap { [$0.anonVMA] })
    let vma = vmas.indices.max { picture.vmas[vmas[$0]].distance < picture.vmas[vmas[$1]].distance }
    let tree = anonVMAs.indices.filter { !marked.contains(anonVMAs[$0]) }
      .max { picture.anonVMAs[anonVMAs[$0]].distance < picture.anonVMAs[anonVMAs[$1]].distance }
    let vmaDistance = vma.map { picture.vmas[vmas[$0]].distance } ?? 0
    let treeDistance = tree.map { picture.anonVMAs[anonVMAs[$0]].distance } ?? 0
    if let vma, vmaDistance > 0, vmaDistance >= treeDistance {
      vmas.remove(at: vma)
    } else if let tree, treeDistance > 0 {
      anonVMAs.remove(at: tree)
    } else if !folios.isEmpty {
      folios.removeLast()
    } else {
      return false
    }
    return true
  }
}

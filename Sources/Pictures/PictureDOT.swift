import RmapEvents

/// The graph in Graphviz' language: a box for each mm, VMAs in it, AVCs as edges to the anon_vmas.
public enum PictureDOT {
  /// One moment of an event.
  public static func render(_ shown: GraphPicture, title: String) -> String {
    var text = """
      digraph rmap {
        label=\(quoted(title)); labelloc=t; labeljust=l; rankdir=LR;
        fontname="monospace"; node [fontname="monospace", fontsize=10]; edge [fontname="monospace", fontsize=9];

      """
    for (number, mm) in shown.mms.enumerated() { text += cluster(number, mm, shown) }
    for node in shown.anonVMAs { text += anonVMA(node) }
    for edge in shown.edges { text += avc(edge, shown) }
    for node in shown.anonVMAs { text += parents(node, shown) }
    for folio in shown.folios { text += self.folio(folio, shown) }
    return text + "}\n"
  }

  private static func cluster(_ number: Int, _ mm: KernelAddress, _ shown: GraphPicture) -> String {
    var text = "  subgraph cluster_\(number) {\n    label=\(quoted("mm \(mm)")); style=rounded; color=gray;\n"
    for vma in shown.vmas where vma.view.mm == mm {
      let view = vma.view
      let lines = [
        "\(vma.name)  vma \(view.address)", "\(view.start)-\(view.end)",
        "pgoff \(view.anonPgoff), \(flags(view.flags)), \(vma.mappedPages) of \(view.pages) pages",
      ]
      text += "    \(id(view.address)) [shape=box, label=\(quoted(lines))\(vma.isWrong ? wrong : "")];\n"
    }
    return text + "  }\n"
  }

  private static func anonVMA(_ node: GraphPicture.AnonVMANode) -> String {
    var lines = ["\(node.name)  anon_vma \(node.address)"]
    if let state = node.state {
      let isRoot = state.root == node.address
      lines.append(
        (isRoot ? "root, " : "") + "children \(count(state.children)), active \(count(state.active))")
    } else {
      lines.append(node.wasFreed ? "freed" : "never seen in a tree")
    }
    let style = node.isWrong || node.state == nil && node.wasFreed ? wrong : ""
    return "  \(id(node.address)) [shape=ellipse, label=\(quoted(lines))\(style)];\n"
  }

  private static func avc(_ edge: GraphPicture.AVCEdge, _ shown: GraphPicture) -> String {
    let ends = "  \(id(shown.vmas[edge.vma].view.address)) -> \(id(shown.anonVMAs[edge.anonVMA].address))"
    let attributes =
      switch edge.state {
      case .missing: "label=\"AVC is missing\", style=dashed" + wrong
      case .parked: "label=\"AVC out of its tree\", style=dotted"
      case .linked: "label=\"AVC\"" + (edge.isOwn ? ", penwidth=2" : "")
      }
    return "\(ends) [\(attributes)\(edge.isWrong ? wrong : "")];\n"
  }

  private static func parents(_ node: GraphPicture.AnonVMANode, _ shown: GraphPicture) -> String {
    guard let state = node.state else { return "" }
    return [("parent", state.parent), ("root", state.root)].map { name, address in
      guard address != node.address, shown.anonVMAs.contains(where: { $0.address == address }) else { return "" }
      return "  \(id(node.address)) -> \(id(address)) [label=\"\(name)\", color=gray, fontcolor=gray];\n"
    }.joined()
  }

  private static func folio(_ node: GraphPicture.FolioNode, _ shown: GraphPicture) -> String {
    let lines = ["\(node.name)  folio \(node.address)", "index \(node.index)" + (node.mapping.isKSM ? ", KSM" : "")]
    var text = "  \(id(node.address)) [shape=note, label=\(quoted(lines))\(node.isWrong ? wrong : "")];\n"
    if let anonVMA = node.anonVMA {
      text += "  \(id(node.address)) -> \(id(shown.anonVMAs[anonVMA].address)) [label=\"mapping\", color=gray];\n"
    }
    for place in node.mappedBy {
      text += "  \(id(shown.vmas[place.vma].view.address)) -> \(id(node.address))"
      text += " [label=\(quoted("maps at \(place.address)")), color=gray];\n"
    }
    return text
  }

  private static let wrong = ", color=red, fontcolor=red"

  private static func id(_ address: KernelAddress) -> String { "n" + hexadecimal(address.raw) }

  private static func count(_ value: Int64?) -> String { value.map(String.init) ?? "?" }

  private static func quoted(_ text: String) -> String { quoted([text]) }

  /// Names of functions come from a sidecar: any text may be in them.
  private static func quoted(_ lines: [String]) -> String {
    let escaped = lines.map { line in
      line.unicodeScalars.map { scalar in
        switch scalar {
        case "\"", "\\": "\\\(scalar)"
        default: scalar.value < 0x20 || scalar.value == 0x7f ? " " : String(scalar)
        }
      }.joined()
    }
    return "\"" + escaped.joined(separator: "\\n") + "\""
  }
}

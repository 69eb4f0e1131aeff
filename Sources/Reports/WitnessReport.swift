import Checking
import Invariants
public import Reducing
import RmapEvents

/// A witness as text: the violation's events, so few that they can be read.
public enum WitnessReport {
  /// The events, one below the other, and what they come to.
  public static func render(_ witness: Witness) -> String {
    var page = TextLayout()
    let count = counted(UInt64(witness.events.count), "event")
    page.line("WITNESS  \(witness.invariant.name), fingerprint \(witness.fingerprint)")
    page.paragraph(
      "Events",
      "\(count) of \(witness.whole.records)"
        + (witness.isMinimal ? "; none can be left out" : "; not all were tried, for want of time"), indent: 9)
    page.paragraph("What", witness.finding.what, indent: 9)
    for (index, object) in witness.finding.objects.enumerated() {
      page.paragraph(index == 0 ? "Let" : "", "\(object.name) = \(object.description)", indent: 9)
    }
    let letters = letters(witness)
    for (place, event) in witness.events.enumerated() {
      let stamp = event.stamp
      let task = witness.commandNames[stamp.pid].map { " (\($0))" } ?? ""
      page.line(
        "\(column(UInt64(place + 1), 3))  event \(stamp.ordinal), cpu \(stamp.cpu), "
          + "\(seconds(stamp.timestamp, rounded: witness.whole.roundsTimes)), pid \(stamp.pid)\(task)")
      let fields = event.fields.map { field in
        "\(field.name)=\(letters[field.value] ?? "0x" + String(field.value, radix: 16))"
      }
      page.paragraph("     \(event.name)", fields.joined(separator: " "), indent: 9)
    }
    return page.text
  }

  /// The letters that the explanation gives to objects, by their addresses.
  private static func letters(_ witness: Witness) -> [UInt64: String] {
    var letters: [UInt64: String] = [:]
    for object in witness.finding.objects {
      let words = object.description.split { " ,;()".contains($0) }
      guard let word = words.first(where: { $0.hasPrefix("0x") && $0.count == 18 }),
        let address = UInt64(word.dropFirst(2), radix: 16)
      else { continue }
      letters[address] = letters[address] ?? object.name
    }
    return letters
  }
}

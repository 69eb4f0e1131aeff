import Checking
import Invariants
import Pictures
public import Reducing
import RmapEvents

/// A witness as text: the violation's events, so few that they can be read.
public enum WitnessReport {
  /// The events, one below the other, and what they come to.
  public static func render(_ witness: Witness) -> String {
    var page = TextLayout()
    let count = counted(witness.events.count, "event")
    page.line("WITNESS  \(witness.invariant.name), fingerprint \(witness.fingerprint)")
    page.paragraph(
      "Events",
      "\(count) of \(witness.whole.records)"
        + (witness.isMinimal ? "; none can be left out" : "; not all were tried, for want of time"), indent: 9)
    page.paragraph("What", witness.finding.what, indent: 9)
    for (index, object) in witness.finding.objects.enumerated() {
      page.paragraph(index == 0 ? "Let" : "", "\(object.name) = \(object.description)", indent: 9)
    }
    let letters = Letters(witness.letters)
    for (place, event) in witness.events.enumerated() {
      let stamp = event.stamp
      let task = witness.commandNames[stamp.pid].map { " (\($0))" } ?? ""
      page.line(
        "\(column(UInt64(place + 1), 3))  event \(stamp.ordinal), cpu \(stamp.cpu), "
          + "\(seconds(stamp.timestamp, rounded: witness.whole.roundsTimes)), pid \(stamp.pid)\(task)")
      let fields = event.fields.map { field in
        "\(field.name)=\(letters.name(field.value, at: stamp))"
      }
      page.paragraph("     \(event.name)", fields.joined(separator: " "), indent: 9)
    }
    return page.text
  }

  /// How many events a report lists.
  private static let mostEvents = 24

  /// A defect's witness within a report, a line for each event; where there is none, or it is long, the command that
  /// prints it.
  static func render(_ witness: BriefWitness?, of result: RecordingResult, _ page: inout TextLayout) {
    let command = Commands(result.path).reduce(1)
    guard let witness else {
      return page.paragraph("Witness:", "the few events that show it: \(command)", indent: 9)
    }
    let count = "\(counted(witness.events.count, "event")) of \(witness.records)"
    guard witness.events.count <= mostEvents else {
      return page.paragraph("Witness:", "\(count): \(command)", indent: 9)
    }
    page.line("Witness: \(count); none can be left out:")
    let picture = result.drawings.first { $0.finding == witness.finding }?.picture?.telling
    let letters = Letters(witness.letters, picture)
    for event in witness.events {
      let fields = event.fields.map { "\($0.name)=\(letters.name($0.value, at: event.stamp))" }
      page.paragraph(
        "  event \(event.stamp.ordinal), pid \(event.stamp.pid)", ([event.name] + fields).joined(separator: " "),
        indent: 24)
    }
  }
}

/// What objects are called, by their addresses.
private struct Letters {
  private var letters: [UInt64: (name: String, since: UInt64)] = [:]

  /// The letters of an explanation, and what else a picture names.
  init(_ known: [Witness.Letter], _ picture: GraphPicture? = nil) {
    for letter in known { letters[letter.address] = (letter.name, letter.since) }
    for vma in picture?.vmas ?? [] { add(vma.view.address, vma.name, vma.birth) }
    for anonVMA in picture?.anonVMAs ?? [] { add(anonVMA.address, anonVMA.name, anonVMA.state?.birth) }
  }

  private mutating func add(_ address: KernelAddress, _ name: String, _ birth: EventStamp?) {
    if letters[address.raw] == nil { letters[address.raw] = (name, birth?.ordinal ?? 0) }
  }

  /// A value's letter, if it is the object that has it already.
  func name(_ value: UInt64, at stamp: EventStamp) -> String {
    if let letter = letters[value], letter.since <= stamp.ordinal { return letter.name }
    return "0x" + String(value, radix: 16)
  }
}

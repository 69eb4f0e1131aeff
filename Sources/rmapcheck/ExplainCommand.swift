import ArgumentParser
import Invariants
import Reports

/// `rmapcheck explain`: the invariants as a law book.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Prints an invariant: the rule, its kernel source, and when it legally does not hold.",
    discussion: """
      Exit status: 0, 64 usage, 74 the text could not be written.
      """)

  @Argument(
    help: "An invariant's name or number (I15, 15); all of them by default.", completion: .list(Invariant.names))
  var invariants: [String] = []

  @Flag(help: "A line for each.")
  var list = false

  func validate() throws { _ = try chosen() }

  func run() throws {
    let chosen = try chosen()
    if list { return try StandardOutput.write(LawReport.list(chosen)) }
    try StandardOutput.write(LawReport.render(chosen))
    if invariants.isEmpty { try StandardOutput.write("\n" + LawReport.render(Undecidable.all)) }
  }

  private func chosen() throws -> [Invariant] {
    do throws(UnknownInvariant) {
      return invariants.isEmpty ? Invariant.all : try invariants.map(Invariant.meant)
    } catch {
      throw ValidationError("\(error)")
    }
  }
}

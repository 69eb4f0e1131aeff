import Policies

/// The designs and the scenarios, for `rmapcheck compare --list`.
public enum ComparisonCatalog {
  /// All of them.
  public static func render() -> String {
    var page = TextLayout()
    page.line("Designs")
    for policy in Policy.debate2014 { render(policy, &page) }
    page.line()
    page.line("Designs of 2026")
    for policy in Policy.debate2026 { render(policy, &page) }
    page.line()
    page.line("Designs that are compared only where they are named")
    for policy in Policy.historic { render(policy, &page) }
    page.line()
    page.line("Scenarios")
    for scenario in Scenario.all {
      var text = scenario.summary
      if let parameter = scenario.parameter {
        text += " N \(parameter.meaning), \(parameter.standard) by default, \(parameter.largest) at most."
      }
      page.paragraph("  \(scenario.name)\(scenario.parameter == nil ? "" : ":N")", text, indent: 20)
    }
    return page.text
  }

  private static func render(_ policy: Policy, _ page: inout TextLayout) {
    page.paragraph("  \(policy.name)", policy.rule, indent: 20)
    page.paragraph("", policy.source + ".", indent: 20)
    if !policy.isGraph {
      page.paragraph("", "Judged by its walks alone: it has no graph of anon_vmas, or not only one.", indent: 20)
    }
    for guess in policy.guesses { page.paragraph("", "Guessed: \(guess).", indent: 20) }
    for exemption in policy.exempt {
      page.paragraph("", "Not judged by \(exemption.invariant): \(exemption.reason).", indent: 20)
    }
  }
}

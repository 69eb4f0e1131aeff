import Testing

@testable import RecordingExperiments

/// Goal: the estimate adds up what each thread has to do between two waits.
@Suite struct ShardTests {
  private func census(_ roots: [UInt64?]) -> ShardCensus { ShardCensus(roots.map { .init(root: $0, cost: 10) }) }

  @Test func twoRootsInTurnsAreTwiceAsFast() {
    #expect(census([1, 2, 1, 2]).speedUp(window: 2, sharesRootless: false) == 2)
  }

  @Test func oneRootGainsNothing() {
    #expect(census([1, 1, 1, 1]).speedUp(window: 4, sharesRootless: true) == 1)
  }

  @Test func rootsOneAfterTheOtherGainOnlyBetweenTwoWaits() {
    let census = census([1, 1, 2, 2])
    #expect(census.speedUp(window: 2, sharesRootless: false) == 1)
    #expect(census.speedUp(window: 4, sharesRootless: false) == 2)
  }

  @Test func whatBelongsToNoRootBothTakeOrEither() {
    let census = census([1, nil, 2, nil])
    #expect(census.shareWithoutRoot == 0.5)
    #expect(census.speedUp(window: 4, sharesRootless: false) == 40.0 / 30)
    #expect(census.speedUp(window: 4, sharesRootless: true) == 2)
  }

  @Test func aRecordingHasRoots() throws {
    let census = try ShardCensus(path: tracePath("6.12-healthy"))
    #expect(census.count == 72_394)
    #expect(census.roots.count > 10 && census.total > 0)
    #expect(census.speedUp(window: census.count, sharesRootless: true) <= 2)
  }
}

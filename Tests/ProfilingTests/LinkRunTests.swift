import Profiling
import Testing

@Suite struct LinkRunTests {
    @Test(arguments: 1...17) func `each pair of hosts measures once, and no host twice in a round`(count: Int) {
        let rounds = LinkRun.rounds(of: count)
        #expect(rounds.count == count - 1 + count % 2)
        var seen: Set<[Int]> = []
        for round in rounds {
            let hosts = round.flatMap { [$0.first, $0.second] }
            #expect(Set(hosts).count == hosts.count)
            for pair in round { #expect(seen.insert([pair.first, pair.second]).inserted && pair.first < pair.second) }
        }
        #expect(seen.count == count * (count - 1) / 2)
    }
}

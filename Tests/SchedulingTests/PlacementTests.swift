import Scheduling
import Testing

@Suite struct PlacementTests {
    private let zbV = Placement(Schedule.zeroBubbleV(ranks: 2, microBatches: 4), replicas: 3, byHand: [4])

    /// DESIGN's rule: stage × replicas + replica, where each stage has a rank.
    @Test func `a rank is its stage times the replicas, plus the replica, times the shards`() {
        let placement = Placement(.oneForwardOneBackward(stages: 4, microBatches: 4), replicas: 2)
        #expect(placement.rankCount == 8)
        for stage in 0..<4 {
            for replica in 0..<2 {
                let rank = placement.rank(ofStage: stage, replica: replica)
                #expect(rank == stage * 2 + replica)
                #expect(placement.stages(of: rank) == [stage] && placement.replica(of: rank) == replica)
            }
        }
    }

    @Test func `workers that own several stages own the same ones in every replica`() {
        #expect(zbV.rankCount == 6 && zbV.stageCount == 4)
        for replica in 0..<3 {
            #expect(zbV.stages(of: zbV.rank(ofStage: 0, replica: replica)) == [0, 3])
            #expect(zbV.stages(of: zbV.rank(ofStage: 1, replica: replica)) == [1, 2])
        }
    }

    @Test func `every rank has a device of its own, and a host`() {
        #expect(Set(zbV.ranks.map { zbV.device(of: $0) }) == Set(0..<6))
        #expect(zbV.ranks(on: .byHand) == [4] && zbV.ranks(on: .coordinator) == [0, 1, 2, 3, 5])
    }

    /// A message of one replica must not reach another.
    @Test func `links join workers of one replica, and no two have one number`() throws {
        let schedule = Schedule.oneForwardOneBackward(stages: 3, microBatches: 4)
        let lowered = try schedule.lower(edges: Edge.chain(stages: 3))
        let placement = Placement(schedule, replicas: 2)
        let links = placement.ranks.flatMap { placement.links(of: $0, in: lowered) }
        // Each is known to both its ends.
        #expect(links.count == 2 * 2 * lowered.links.count && Set(links).count == 2 * lowered.links.count)
        #expect(Set(Set(links).map(\.id)).count == Set(links).count)
        for link in links { #expect(placement.replica(of: link.from) == placement.replica(of: link.to)) }
    }

    @Test func `shards stand beside each other, and are joined both ways`() throws {
        let schedule = Schedule.oneForwardOneBackward(stages: 2, microBatches: 4)
        let lowered = try schedule.lower(edges: Edge.chain(stages: 2))
        let placement = Placement(schedule, replicas: 2, shards: 3)
        #expect(placement.rankCount == 12 && placement.rank(ofStage: 1, replica: 1, shard: 2) == 11)
        for rank in placement.ranks {
            let (position, replica) = (placement.position(of: rank), placement.replica(of: rank))
            let shard = placement.shard(of: rank)
            #expect(placement.rank(atPosition: position, replica: replica, shard: shard) == rank)
        }
        let links = Set(placement.ranks.flatMap { placement.shardLinks(of: $0, in: lowered) })
        #expect(links.count == 4 * 3 * 2)
        let others =
            Set(placement.ranks.flatMap { placement.links(of: $0, in: lowered) }.map(\.id))
            .union(placement.ranks.flatMap { placement.replicaLinks(of: $0, in: lowered) }.map(\.id))
        // Two links of the schedule in six pipelines; of each of six teams of two replicas, four.
        #expect(others.count == 2 * 6 + 6 * 4)
        #expect(Set(links.map(\.id)).union(others).count == links.count + others.count)
        for link in links { #expect(link.from / 3 == link.to / 3) }
    }

    @Test func `replicas of a position are joined both ways, by links that have numbers of their own`() throws {
        let schedule = Schedule.oneForwardOneBackward(stages: 2, microBatches: 4)
        let lowered = try schedule.lower(edges: Edge.chain(stages: 2))
        let placement = Placement(schedule, replicas: 3)
        let links = Set(placement.ranks.flatMap { placement.replicaLinks(of: $0, in: lowered) })
        // At each of two positions: three pairs, both ways, parts and sums.
        #expect(links.count == 2 * 3 * 2 * 2)
        let others = Set(placement.ranks.flatMap { placement.links(of: $0, in: lowered) }.map(\.id))
        #expect(Set(links.map(\.id)).union(others).count == links.count + others.count)
        for link in links { #expect(placement.position(of: link.from) == placement.position(of: link.to)) }
        #expect(Placement(schedule).replicaLinks(of: 1, in: lowered) == [])
    }
}

import CPUDevices
import Coordination
import Models
import Planning
import Runs
import Scheduling
import TestPlans
import Testing

/// What a new worker gets, and from whom.
@Suite struct SuccessionTests {
    private func plan(_ set: [String] = []) throws -> TrainingPlan {
        try Plans.make(
            model: "{layers: [{embedding: {vocab: 256, width: 8}}, {repeat: 4, layers: [{linear: {in: 8, out: 8}}]}, "
                + "{linear: {in: 8, out: 256}}], loss: cross-entropy}",
            devices: "[cpu:0, cpu:1, cpu:0]", more: "mirror: true", set: ["partition={cuts: [2, 4]}"] + set)
    }

    private func next(
        _ old: TrainingPlan, _ new: TrainingPlan, without lost: Set<Int>
    ) -> Succession? {
        Succession(
            from: old, to: new, without: lost, behind: 7, evaluates: false, cause: "worker 1 was killed", since: 0)
    }

    @Test func `each rank is mirrored by the next, and the last by the one before`() throws {
        let plan = try plan()
        #expect(plan.placement.ranks.map { plan.mirror(of: $0) } == [1, 2, 1])
        #expect(try Plans.make().mirror(of: 0) == nil)
    }

    @Test func `plan counts two copies of a rank's own state and two of each that it mirrors`() throws {
        let (with, without) = (try plan(), try plan(["mirror=false"]))
        // Masters and two moments, f32.
        let copies = with.layout.stages.map { stage in
            12 * with.model.entries[stage.entries].reduce(0) { $0 + $1.parameterCount }
        }
        for rank in 0..<3 {
            let mirrored = [[], [0, 2], [1]][rank].reduce(0) { $0 + copies[$1] }
            #expect(with.memory(ofRank: rank) - without.memory(ofRank: rank) == 2 * (copies[rank] + mirrored))
        }
    }

    @Test func `a spare that is not there is refused before anything starts`() throws {
        let core = Cores.allowed[0]
        let manifest = try Plans.manifest(
            devices: "[cpu:\(core), cpu:\(core)]", more: "mirror: true\nspares: [cpu:\(core), cpu:65535]")
        let refusal = message { try Preflight.checkDevices(manifest) }
        #expect(refusal.contains("device cpu:65535: this process has no core 65535"))
        #expect(refusal.contains("p/tiny.yaml:"))
    }

    @Test func `a lost worker's whole state comes from its mirror, nobody else's moves`() throws {
        let plan = try plan()
        let succession = try #require(next(plan, plan, without: [1]))
        let transfer = try #require(succession.transfers.first)
        #expect(succession.transfers.count == 1 && transfer.from == 2 && transfer.to == 1)
        #expect(Set(transfer.tensors) == Set(plan.stateSizes(ofRank: 1).keys))
        #expect(transfer.tensors.contains("2.weight") && transfer.tensors.contains("3.bias.exp_avg_sq"))
    }

    @Test func `a worker that is lost with its mirror cannot be replaced`() throws {
        let plan = try plan()
        #expect(next(plan, plan, without: [1, 2]) == nil)
        #expect(next(plan, plan, without: [0, 2]) != nil)
    }

    @Test func `with other cuts each layer comes from the neighbour that has it`() throws {
        let (old, new) = (try plan(), try plan(["partition={cuts: [3, 4]}"]))
        let succession = try #require(next(old, new, without: []))
        #expect(succession.transfers.map { [$0.from, $0.to] } == [[1, 0]])
        #expect(succession.transfers[0].tensors.first == "2.bias")
        #expect(old.moveText(to: new) == "layer 2 goes from worker 1 to worker 0")
        // From the last to the first no link leads.
        #expect(
            next(try plan(["partition={cuts: [1, 2]}"]), try plan(["partition={cuts: [4, 5]}"]), without: [])
                == nil)
    }

    @Test func `a state that nobody has is a failure, not a wrong run`() throws {
        let plan = try plan()
        let succession = try #require(next(plan, plan, without: [1]))
        let state = Array("{}".utf8)
        let whole = KeptStates(own: [6: state, 7: state], mirrored: [6, 7])
        #expect(try succession.start([0: whole, 2: whole], plan).state == state)
        let old = KeptStates(own: [7: state], mirrored: [6])
        #expect(throws: RunFailure.self) { try succession.start([0: whole, 2: old], plan) }
        #expect(throws: RunFailure.self) { try succession.start([0: KeptStates(own: [6: state]), 2: whole], plan) }
    }
}

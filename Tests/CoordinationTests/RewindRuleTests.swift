import Coordination
import Foundation
import Manifests
import Runs
import TestPlans
import Testing
import Workers

/// Where a run goes back to, and which data it leaves out.
@Suite struct RewindRuleTests {
    private func manifest(_ overrides: [String] = []) throws -> PipelineManifest {
        try Plans.manifest(set: ["checkpoint={every: 2}", "on_nan={rewind: 3}", "steps=100"] + overrides)
    }

    private func rule() throws -> RewindRule { try #require(RewindRule(try manifest())) }

    @Test func `only a pipeline that says so goes back`() throws {
        #expect(RewindRule(try manifest(["on_nan=skip"])) == nil)
        #expect(try manifest().resolvedYAML().contains("\non_nan: {rewind: 3}\n"))
        #expect(try manifest().reachedMiniBatches == 200)
        #expect(try manifest(["on_nan=stop"]).reachedMiniBatches == 100)
    }

    @Test func `what was trained on since the checkpoint is left out, that of the step among it`() throws {
        let rule = try rule()
        #expect(rule.newest(from: 7) == 4)
        let first = try #require(rule.rewound(from: 7, to: 4, before: Rewound()))
        #expect(first == Rewound(leftOut: 4, count: 1))
        #expect(
            RewindRule.text(from: 7, to: 4, before: Rewound(), first)
                == "going back to step 4; mini-batches 5 to 8 are left out (rewind 1 of 10)")
        let second = try #require(rule.rewound(from: 5, to: 0, before: first))
        #expect(second == Rewound(leftOut: 10, count: 2))
        #expect(
            RewindRule.text(from: 5, to: 0, before: first, second)
                == "going back to the beginning; mini-batches 5 to 10 are left out (rewind 2 of 10)")
        let third = try #require(rule.rewound(from: 8, to: 8, before: second))
        #expect(
            RewindRule.text(from: 8, to: 8, before: second, third)
                == "going back to step 8; mini-batch 19 is left out (rewind 3 of 10)")
    }

    @Test func `ten times, and no more data than the run trains on`() throws {
        let rule = try rule()
        #expect(rule.rewound(from: 7, to: 4, before: Rewound(leftOut: 4, count: 10)) == nil)
        #expect(rule.rewound(from: 7, to: 4, before: Rewound(leftOut: 96, count: 9)) != nil)
        #expect(rule.rewound(from: 7, to: 4, before: Rewound(leftOut: 97, count: 9)) == nil)
    }

    @Test func `a checkpoint's counts say what its run had left out`() throws {
        var state = StepState()
        (state.step, state.samples, state.rewinds) = (4, 72, 2)
        #expect(try state.rewound(globalBatch: 8) == Rewound(leftOut: 5, count: 2))
        for (step, samples) in [(4, 31), (4, 33), (1 << 47, 0)] {
            (state.step, state.samples) = (step, samples)
            #expect(throws: RunFailure.self) { try state.rewound(globalBatch: 1 << 20) }
        }
        let old = Data(#"{"step": 4, "samples": 32, "updates": 4, "skippedInRow": 0}"#.utf8)
        #expect(try JSONDecoder().decode(StepState.self, from: old).rewound(globalBatch: 8) == Rewound())
    }

    @Test func `the checkpoint to go back to is kept, and those that will be it`() {
        let rule = PipelineManifest.Checkpoint(keepLast: 2)
        #expect(rule.outdated(of: [40, 38, 36, 30, 20, 10], rewind: 10) == [20, 10])
        #expect(rule.outdated(of: [40, 38, 36], rewind: 10) == [])
        #expect(rule.outdated(of: [40, 38, 36], rewind: 0) == [36])
        #expect(rule.outdated(of: [], rewind: 10) == [])
        #expect(rule.outdated(of: [40, 38], rewind: .max) == [])
    }

    @Test func `weights that are not finite from the first are no fault of the data`() {
        var divergence = Divergence()
        #expect(divergence.leavableStep == nil)
        divergence.add(step: 0, .init(.weight, microBatch: 0, node: 0, isNaN: true))
        #expect(divergence.leavableStep == nil)
        var later = Divergence()
        later.add(step: 3, .init(.weight, microBatch: 0, node: 0, isNaN: true))
        #expect(later.leavableStep == 3)
    }
}

import Checkpoints
import Manifests
import Models
import Planning
import Runs
import Stages
import Systems
import Tensors
import Transport

/// Where the state comes from that a rank's steps begin with, and where it goes to.
extension WorkerRun {
    /// Gives the rank's stages the state that its steps begin with.
    /// - Returns: whether an evaluation is due before the first of them.
    func fill(_ parts: Parts, _ steps: Range<Int>, _ origin: StateOrigin, _ luggage: Luggage?) throws -> Bool {
        let kept = try keeper?.state()
        // All else is a whole state; beside adapters, what is frozen is in none.
        if kept == nil, origin == .first || plan.keepsTrainedOnly { try loadFirst(parts.executors) }
        if let kept { try restore(kept, steps, parts.runner) }
        switch origin {
        case .first: break
        case .checkpoint(let folder): try restore(folder, steps, parts.runner)
        case .kept(let start):
            parts.runner.luggage = luggage
            try restore(start, steps, parts)
            return start.evaluates
        }
        return false
    }

    /// The run's first weights.
    private func loadFirst(_ executors: [StageExecutor]) throws {
        let weights = try FirstWeights(plan.manifest)
        let adapters = try plan.adapterWeights()
        for executor in executors {
            if let weights {
                let ownAdapters = weights.holdsAdapters(of: plan.model) ? weights : nil
                try executor.loadParameters(weights, adapters: ownAdapters, seed: plan.manifest.seed)
            } else {
                try executor.initialiseParameters(seed: plan.manifest.seed)
            }
            if let adapters { try executor.loadAdapters(adapters) }
            endpoint.updateStatus { $0.progress &+= 1 }
        }
    }

    /// - Parameter folder: a checkpoint's, whose files the coordinator has verified.
    private func restore(_ folder: String, _ steps: Range<Int>, _ runner: RankRunner) throws {
        let manifest = try StepManifest.read(in: folder)
        let tensors = try StepTensors(manifest.files, in: folder)
        let family = try plan.familyWeights(in: folder, manifest)
        for parameters in runner.parameters.values {
            try parameters.state.restore(trainedOnly: plan.keepsTrainedOnly) { name, isMoment, bytes in
                if let family, !isMoment {
                    try family.copyFloats(name, into: bytes.assumingMemoryBound(to: Float.self))
                } else {
                    try tensors.read(name, into: bytes)
                }
                endpoint.updateStatus { $0.progress &+= 1 }
            }
        }
        try runner.restore(manifest.state, last: steps.upperBound)
    }

    private func restore(_ state: RunState, _ steps: Range<Int>, _ runner: RankRunner) throws {
        for parameters in runner.parameters.values { try parameters.state.restore(state.tensors) }
        try runner.restore(state.step, last: steps.upperBound)
    }

    func keep(_ runner: RankRunner) throws {
        guard let keeper else { return }
        var tensors: [String: [UInt8]] = [:]
        for parameters in runner.parameters.values { tensors.merge(parameters.state.copy()) { $1 } }
        try keeper.keep(RunState(step: runner.state, tensors: tensors), of: rank)
    }

    /// What this worker and others brought with them. What it has itself it copies; the rest comes from its neighbours.
    private func restore(_ start: KeptStart, _ steps: Range<Int>, _ parts: Parts) throws {
        let state = try StepState(encoded: start.state)
        let (runner, port) = (parts.runner, parts.port)
        let luggage = runner.luggage ?? Luggage()
        func brought(_ name: String) throws -> UnsafeMutableRawBufferPointer {
            if let bytes = luggage.bytes(of: name, behind: state.step) { return bytes }
            throw RunFailure(.bug, "the state behind step \(state.step) lacks \(name) here")
        }
        var sent: [SendTicket] = []
        for transfer in start.transfers where transfer.from == rank {
            sent += try port.sendState(transfer.tensors.map(brought), behind: state.step, to: transfer.to)
        }
        let names = Set(start.transfers.lazy.filter { $0.to == rank }.flatMap(\.tensors))
        let arrived = StateSnapshot(sizes: plan.stateSizes(ofRank: rank).filter { names.contains($0.key) })
        for transfer in start.transfers where transfer.to == rank {
            try port.receiveState(
                behind: state.step, from: transfer.from, into: transfer.tensors.compactMap { arrived.bytes(of: $0) })
        }
        for parameters in runner.parameters.values where plan.hasState {
            try parameters.state.restore(trainedOnly: plan.keepsTrainedOnly) { name, _, place in
                let found = try arrived.bytes(of: name) ?? brought(name)
                guard found.count == place.count else {
                    throw RunFailure(.bug, "\(name) has \(found.count) bytes, expected \(place.count)")
                }
                place.copyMemory(from: UnsafeRawBufferPointer(found))
                endpoint.updateStatus { $0.progress &+= 1 }
            }
        }
        try runner.restore(state, last: steps.upperBound)
        for ticket in sent { try ticket.wait() }
        runner.luggage = nil
    }
}

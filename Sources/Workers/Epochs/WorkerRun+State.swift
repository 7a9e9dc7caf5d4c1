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
    /// - Parameter folder: a checkpoint's, whose files the coordinator has verified.
    func restore(_ folder: String, _ steps: Range<Int>, _ runner: RankRunner) throws {
        let manifest = try StepManifest.read(in: folder)
        let tensors = try StepTensors(manifest.files, in: folder)
        let family = try plan.familyWeights(in: folder, manifest)
        for parameters in runner.parameters.values {
            try parameters.state.restore(trainedOnly: plan.keepsTrainedOnly) { tensor, bytes in
                if let family, !tensor.isMoment {
                    try family.copyFloats(tensor.name, into: bytes.assumingMemoryBound(to: Float.self))
                } else {
                    try tensors.read(tensor.name, into: bytes)
                }
                endpoint.updateStatus { $0.progress &+= 1 }
            }
        }
        try runner.restore(manifest.state, last: steps.upperBound)
    }

    func restore(_ state: RunState, _ steps: Range<Int>, _ runner: RankRunner) throws {
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
    func restore(_ start: KeptStart, _ steps: Range<Int>, _ parts: Parts) throws {
        let state = try StepState(encoded: start.state)
        let (runner, port) = (parts.runner, parts.port)
        let luggage = runner.luggage ?? Luggage()
        var sent: [SendTicket] = []
        for transfer in start.transfers where transfer.from == rank {
            sent += try port.sendState(transfer.tensors, behind: state.step, to: transfer.to) { name in
                guard let bytes = luggage.bytes(of: name, behind: state.step) else {
                    throw RunFailure(.bug, "the state behind step \(state.step) lacks \(name) here")
                }
                return bytes
            }
        }
        let sizes = LiveState(runner.parameters.values.map(\.state)) { _ in true }.sizes
        let names = start.transfers.lazy.filter { $0.to == rank }.flatMap(\.tensors)
        let arrived = StateSnapshot(
            sizes: sizes.filter { [names = Set(names)] in names.contains($0.key) })
        for transfer in start.transfers where transfer.to == rank {
            try port.receiveState(
                behind: state.step, from: transfer.from, into: transfer.tensors.compactMap { arrived.bytes(of: $0) })
        }
        for parameters in runner.parameters.values where plan.hasState {
            try parameters.state.restore(trainedOnly: plan.keepsTrainedOnly) { tensor, place in
                let found =
                    arrived.bytes(of: tensor.name).map { UnsafeRawBufferPointer($0) }
                    ?? luggage.bytes(of: tensor.name, behind: state.step)
                guard let found, found.count == place.count else {
                    throw RunFailure(.bug, "nobody brought \(tensor.name) as it was behind step \(state.step)")
                }
                place.copyMemory(from: found)
                endpoint.updateStatus { $0.progress &+= 1 }
            }
        }
        try runner.restore(state, last: steps.upperBound)
        for ticket in sent { try ticket.wait() }
        runner.luggage = nil
    }
}

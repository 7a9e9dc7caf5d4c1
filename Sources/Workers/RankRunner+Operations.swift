import Runs
import Scheduling
import Stages
import Systems
import Transport

/// What a rank does for each operation of its program.
extension RankRunner {
    func perform(_ index: Int, step: Int) throws {
        let instruction = walk.instructionOf[index]
        switch walk.operations[index] {
        case .receive(let message): try receive(message, for: instruction, step: step)
        case .compute(let instruction, let slot): try compute(instruction, slot: slot, step: step)
        case .send(let message): try send(message, of: instruction, step: step, more: walk.isQuickSend[index + 1])
        case .reduce(let stage): if probe == nil { try replicas?.reduce(stage: stage) }
        case .gather(let stage): if probe == nil { try replicas?.gather(stage: stage, recorder: &recorder) }
        }
    }

    private func compute(_ instruction: Instruction, slot: Int, step: Int) throws {
        guard let executor = executors[instruction.stage] else { preconditionFailure("\(instruction) on rank \(rank)") }
        let microBatch = instruction.microBatch
        probe?.microBatch = microBatch
        let deferred = walk.lowered.deferredSlot(stage: instruction.stage, microBatch: microBatch)
        try port.waitUntilSent(before: instruction, slot: slot, step: step, recorder: &recorder)
        // What is computed once more lies there still.
        if instruction.pass == .forward, instruction.stage == 0, speculation?.isRepeating != true, let feed {
            let start = MonotonicClock.now
            port.status(step: step, instruction, .reading)
            try feed.fill(slot: slot)
            recorder.waited(.dataWait, instruction, since: start)
        }
        port.status(step: step, instruction)
        if instruction.pass == .forward { handOver(.forward, to: instruction, slot: slot) }
        let start = MonotonicClock.now
        func stretch() { faults.stretch(rank: rank, step: step, since: start, on: backend) }
        switch instruction.pass {
        case .forward:
            recorder.work(.forward, instruction) {
                executor.forward(step: step, microBatch: microBatch, slot: slot)
                faults.slow(instruction, step: step, on: backend)
                stretch()
            }
        case .backward:
            try recorder.backward(.backward, instruction) {
                defer { stretch() }
                return try executor.backward(slot: slot, deferred: deferred) { try finished($0, of: instruction) }
            }
        case .backwardInput:
            recorder.backward(.backwardInput, instruction) {
                defer { stretch() }
                return executor.backwardInput(slot: slot, deferred: deferred)
            }
        case .backwardWeight:
            try recorder.backward(.backwardWeight, instruction) {
                defer { stretch() }
                return try executor.backwardWeight(slot: slot, deferred: deferred) {
                    try finished($0, of: instruction)
                }
            }
        }
        try group?.check()
        if instruction.pass == .backward || instruction.pass == .backwardInput {
            handOver(.backward, to: instruction, slot: slot)
        }
    }
}

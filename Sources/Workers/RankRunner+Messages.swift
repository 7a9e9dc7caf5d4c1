import Models
import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors

/// What a rank's stages hand to each other and to other ranks'.
extension RankRunner {
    /// Between two stages of this rank tensors are copied: forward right before they are used, since the giver's slot
    /// outlives that; back as soon as they are there, since the user's slot may not live until the giver's turn.
    func handOver(_ direction: Message.Direction, to instruction: Instruction, slot: Int) {
        for edge in messageTensors.localEdges[instruction.stage] ?? [] {
            let from = plan.edges[edge].from
            let other = walk.lowered.slot(stage: from, microBatch: instruction.microBatch)
            let length = executors[from]?.length(ofSlot: other) ?? 0
            switch direction {
            case .forward:
                executors[instruction.stage]?.choose(length: length, slot: slot)
                if plan.carriesDocuments(edge) {
                    executors[instruction.stage]?.place(executors[from]?.documents[other] ?? [], slot: slot)
                }
                copy(
                    messageTensors.forwardOut[edge]?[length][other],
                    to: messageTensors.forwardIn[edge]?[length][slot])
            case .backward:
                copy(
                    messageTensors.backwardOut[edge]?[length][slot],
                    to: messageTensors.backwardIn[edge]?[length][other])
            }
        }
    }

    private func copy(_ sources: [Tensor]?, to targets: [Tensor]?) {
        for (source, target) in zip(sources ?? [], targets ?? []) { backend.copy(source, to: target) }
    }

    /// The stage of this rank that a message leaves or reaches, and the slot there.
    private func end(of message: Message, isSender: Bool) -> (stage: StageExecutor, slot: Int) {
        let edge = plan.edges[message.edge]
        let stage = isSender == (message.direction == .forward) ? edge.from : edge.to
        guard let executor = executors[stage] else { preconditionFailure("\(message) on rank \(rank)") }
        return (executor, walk.lowered.slot(stage: stage, microBatch: message.microBatch))
    }

    func receive(_ message: Message, for instruction: Instruction, step: Int) throws {
        let (stage, slot) = end(of: message, isSender: false)
        let tensors = messageTensors.incoming(message, slot: slot)
        if message.direction == .forward, plan.ladder != nil {
            try port.waitUntilSent(before: instruction, slot: slot, step: step, recorder: &recorder)
        }
        for index in tensors[0].indices {
            // A micro-batch's length is known once its first tensor has come.
            let isKnown = message.direction == .backward
            let choices = isKnown ? [tensors[stage.length(ofSlot: slot)][index]] : tensors.map { $0[index] }
            let choice = try port.receive(
                choices, message, index: index, step: step, for: instruction, recorder: &recorder)
            if !isKnown { stage.choose(length: choice, slot: slot) }
        }
        guard let documents, message.direction == .forward, plan.carriesDocuments(message.edge) else { return }
        let number = plan.edges[message.edge].to
        try port.receive(
            documents.bytes(stage: number, slot: slot), documents.spec, message, index: tensors[0].count, step: step,
            for: instruction, recorder: &recorder)
        let rows = stage.graph(ofSlot: slot).values[stage.model.input].spec.shape
        guard let places = documents.documents(stage: number, slot: slot, length: rows[1]) else {
            throw RunFailure(.bug, "\(message): what came does not say where the samples of its row lie")
        }
        stage.place(places, slot: slot)
    }

    /// Takes a message that its sender will send once more.
    func passOver(_ message: Message, step: Int) throws {
        let (_, slot) = end(of: message, isSender: false)
        let lists = message.direction == .forward && plan.carriesDocuments(message.edge) ? 1 : 0
        let tensors = messageTensors.incoming(message, slot: slot)[0].count
        try port.passOver(message, tensors: tensors + lists, step: step)
    }

    func send(_ message: Message, of instruction: Instruction, step: Int, more: Bool) throws {
        let (stage, slot) = end(of: message, isSender: true)
        let tensors = messageTensors.outgoing(message, length: stage.length(ofSlot: slot), slot: slot)
        let lists = message.direction == .forward && plan.carriesDocuments(message.edge) ? documents : nil
        for (index, tensor) in tensors.enumerated() {
            let isLast = index + 1 == tensors.count
            try port.send(
                tensor, message, index: index, step: step, of: instruction, slot: slot,
                more: isLast ? more || lists != nil : tensors[index + 1].byteCount <= ProgramWalk.quickBytes,
                recorder: &recorder)
        }
        guard let lists else { return }
        let number = plan.edges[message.edge].from
        lists.set(stage.documents[slot], stage: number, slot: slot)
        try port.send(
            UnsafeRawBufferPointer(lists.bytes(stage: number, slot: slot)), lists.spec, message, index: tensors.count,
            step: step, of: instruction, slot: slot, more: more, recorder: &recorder)
    }
}

import Planning
import Runs
import Scheduling
import Stages
import Systems
import Tensors
import Transport

/// Where replicas share out the optimizer state: each updates its own blocks' parameters.
extension ReplicaExchange {
    /// Behind an update of the own parameters: sends them to the other replicas, and waits for theirs. All do so.
    func handOutWeights(recorder: inout EventRecorder) throws {
        guard addsOnly else { return }
        let start = MonotonicClock.now
        var bytes = 0
        for index in owned[replica] {
            for receiver in receivers.compactMap({ $0 }) {
                weightTickets.append(
                    try port.send(blocks[index].weights, block: index, .sums, step: step, to: receiver, more: true))
            }
        }
        port.endpoint.wakeNetwork()
        for (index, block) in blocks.enumerated() {
            guard let sender = senders[block.owner] else { continue }
            try port.receive(block.weights, block: index, .sums, step: step, from: sender)
            bytes += block.weights.byteCount
        }
        recorder.waited(.replicaSync, since: start, sent: start, bytes: bytes)
    }

    /// Waits until the weights may be overwritten.
    func settleWeights() throws {
        for ticket in weightTickets { try ticket.wait() }
        weightTickets.removeAll(keepingCapacity: true)
    }

    /// Brings the masters together that lie in no replica whole, in the first one's copy. All do so behind the same steps.
    /// - Parameter copy: has them whole, in the first replica.
    func gatherMasters(into copy: StateSnapshot, behind done: Int) throws {
        for (index, block) in blocks.enumerated() {
            guard let master = block.master else { continue }
            let bytes = copy.bytes(of: master.name).map {
                UnsafeMutableRawBufferPointer(
                    rebasing: $0[master.elements.lowerBound * 4..<master.elements.upperBound * 4])
            }
            if replica == 0, let own = master.tensor, let bytes {
                backend.download(own, to: bytes)
            } else if replica == 0, let sender = senders[block.owner], let bytes {
                let spec = TensorSpec([master.elements.count])
                try port.receive(bytes, spec, block: index, .sums, step: done, from: sender)
            } else if let own = master.tensor, let receiver = receivers[0] {
                weightTickets.append(try port.send(own, block: index, .sums, step: done, to: receiver, more: true))
            }
        }
        port.endpoint.wakeNetwork()
    }
}

/// What a worker tells the coordinator beside heartbeats. Little-endian; a first byte names the kind.
package enum WorkerMessage: Equatable {
    /// Σ of squared gradients by node, for each of the rank's stages in order, and whether they and the loss are finite:
    /// sent before the update.
    case gradientSquares(step: Int, squares: [Double], isFinite: Bool)
    /// The rank has computed the step that was not finite once more: the first tensor of its own that is not.
    case diverged(step: Int, NonFiniteTensor?)
    /// One worker's part of a step, once it is done.
    case step(StepPart)
    /// A chunk of the rank's event log, as `EventLog` encodes it.
    case events([UInt8])
    /// The rank's weights are on disk: so many bytes.
    case weightsWritten(bytes: Int)
    /// One worker's part of an evaluation.
    case evaluated(EvaluationPart)
    /// The rank's part of the best weights so far is on disk: so many bytes.
    case bestWritten(step: Int, bytes: Int)
    /// The rank's part of a checkpoint is on disk.
    case saved(SavedPart)
    /// The rank's part of a checkpoint could not be written.
    case notSaved(step: Int, reason: String)
    /// Of a worker that came over from another epoch: which states it brings.
    case kept(KeptStates)

    package struct StepPart: Equatable {
        package var step: Int
        /// Σ of the rows' losses over the rank's part of the global batch, lane by lane; on the last stage only.
        package var lossSums: [Double]
        /// How many targets that sum counts; on the first stage only.
        package var targetCount: Int?
        package var learningRate: Double
        /// Nanoseconds of the rank's clock.
        package var start: UInt64
        package var end: UInt64
        /// Nanoseconds spent computing.
        package var busy: UInt64
        /// What the gradients of this step were multiplied with; nil without a loss scaler.
        package var lossScale: Double?
        /// The parameters did not move: a gradient overflowed.
        package var isSkipped: Bool
        package var peakBytes: Int
        /// Where micro-batches differ: what they held; on the first stage only.
        package var work: StepWork?

        package init(
            step: Int, lossSums: [Double], targetCount: Int?, learningRate: Double, start: UInt64, end: UInt64,
            busy: UInt64, lossScale: Double? = nil, isSkipped: Bool = false, peakBytes: Int, work: StepWork? = nil
        ) {
            self.step = step
            self.lossSums = lossSums
            self.targetCount = targetCount
            self.learningRate = learningRate
            self.start = start
            self.end = end
            self.busy = busy
            self.lossScale = lossScale
            self.isSkipped = isSkipped
            self.peakBytes = peakBytes
            self.work = work
        }
    }
}

/// What the coordinator tells a worker beside the rendezvous.
package enum CoordinatorMessage: Equatable {
    /// Begin with these steps and this state; the weights go into this file at the end, if anywhere; of a run that went back,
    /// where it is in its data.
    case begin(steps: Range<Int>, weightsFile: String?, origin: StateOrigin = .first, rewound: Rewound? = nil)
    /// What follows behind a step.
    case word(BoundaryWord)
    /// Σ of squared gradients over all stages, for clipping; NaN where a rank's gradients or the loss are not finite.
    case gradientSquares(step: Int, total: Double)
    /// Where nothing needs the sum: whether the other ranks' gradients are finite, as `UpdateRule` has it.
    case othersAreFinite(step: Int, Bool)
    /// Behind an evaluation: write the weights into this file and say so, or go on.
    case afterEvaluation(step: Int, weightsFile: String?)
    /// Everything is written: leave.
    case leave
}

/// A message that does not decode: a peer of another version, or a bug.
package struct MessageError: Error, CustomStringConvertible {
    package var description: String
}

extension WorkerMessage {
    package func encoded() -> [UInt8] {
        var bytes = ByteWriter()
        switch self {
        case .step(let part):
            bytes.put(UInt8(1))
            bytes.put(part.step)
            bytes.put(part.lossSums)
            bytes.put(part.targetCount.map(Double.init))
            bytes.put(part.learningRate.bitPattern)
            bytes.put(part.start)
            bytes.put(part.end)
            bytes.put(part.busy)
            bytes.put(part.lossScale)
            bytes.put(UInt8(part.isSkipped ? 1 : 0))
            bytes.put(part.peakBytes)
            part.work?.encode(into: &bytes)
        case .events(let chunk):
            bytes.put(UInt8(2))
            bytes.bytes += chunk
        case .weightsWritten(let count):
            bytes.put(UInt8(3))
            bytes.put(count)
        case .gradientSquares(let step, let squares, let isFinite):
            bytes.put(UInt8(4))
            bytes.put(step)
            bytes.put(UInt8(isFinite ? 1 : 0))
            for square in squares { bytes.put(square.bitPattern) }
        case .diverged(let step, let tensor):
            bytes.put(UInt8(5))
            bytes.put(step)
            tensor?.encode(into: &bytes)
        case .evaluated(let part):
            bytes.put(UInt8(6))
            part.encode(into: &bytes)
        case .bestWritten(let step, let count):
            bytes.put(UInt8(7))
            bytes.put(step)
            bytes.put(count)
        case .saved(let part):
            bytes.put(UInt8(8))
            part.encode(into: &bytes)
        case .notSaved(let step, let reason):
            bytes.put(UInt8(9))
            bytes.put(step)
            bytes.bytes += Array(reason.utf8)
        case .kept(let states):
            bytes.put(UInt8(10))
            states.encode(into: &bytes)
        }
        return bytes.bytes
    }

    /// Names both sides where it is not a message.
    package init(_ encoded: [UInt8], from rank: Int) throws(MessageError) {
        do throws(MessageError) { try self.init(encoded) } catch {
            throw MessageError(description: "rank \(rank) broke the protocol: the coordinator got \(error)")
        }
    }

    package init(_ encoded: [UInt8]) throws(MessageError) {
        var bytes = ByteReader(encoded)
        switch try bytes.byte() {
        case 1:
            self = .step(
                StepPart(
                    step: try bytes.count(), lossSums: try bytes.doubles(),
                    targetCount: try bytes.optionalDouble().flatMap { Int(exactly: $0) },
                    learningRate: try bytes.double(), start: try bytes.word(), end: try bytes.word(),
                    busy: try bytes.word(), lossScale: try bytes.optionalDouble(), isSkipped: try bytes.byte() == 1,
                    peakBytes: try bytes.count(), work: bytes.remaining == 0 ? nil : try StepWork(&bytes)))
        case 2: self = .events(bytes.rest())
        case 3: self = .weightsWritten(bytes: try bytes.count())
        case 4:
            let step = try bytes.count()
            let isFinite = try bytes.byte() == 1
            var squares: [Double] = []
            while bytes.remaining > 0 { squares.append(try bytes.double()) }
            self = .gradientSquares(step: step, squares: squares, isFinite: isFinite)
        case 5:
            let step = try bytes.count()
            self = .diverged(step: step, bytes.remaining == 0 ? nil : try NonFiniteTensor(&bytes))
        case 6: self = .evaluated(try EvaluationPart(&bytes))
        case 7: self = .bestWritten(step: try bytes.count(), bytes: try bytes.count())
        case 8: self = .saved(try SavedPart(&bytes))
        case 9:
            self = .notSaved(step: try bytes.count(), reason: String(decoding: bytes.rest(), as: UTF8.self))
        case 10: self = .kept(try KeptStates(&bytes))
        case let kind: throw MessageError(description: "a worker's message of unknown kind \(kind)")
        }
        try bytes.end()
    }
}

extension CoordinatorMessage {
    package func encoded() -> [UInt8] {
        var bytes = ByteWriter()
        switch self {
        case .gradientSquares(let step, let total):
            bytes.put(UInt8(1))
            bytes.put(step)
            bytes.put(total.bitPattern)
        case .othersAreFinite(let step, let isFinite):
            bytes.put(UInt8(4))
            bytes.put(step)
            bytes.put(UInt8(isFinite ? 1 : 0))
        case .afterEvaluation(let step, let path):
            bytes.put(UInt8(5))
            bytes.put(step)
            bytes.bytes += Array((path ?? "").utf8)
        case .leave: bytes.put(UInt8(2))
        case .begin(let steps, let path, let origin, let rewound):
            bytes.put(UInt8(3))
            bytes.put(steps.lowerBound)
            bytes.put(steps.upperBound)
            bytes.put(block: Array((path ?? "").utf8))
            origin.encode(into: &bytes)
            if let rewound {
                bytes.put(rewound.leftOut)
                bytes.put(rewound.count)
            }
        case .word(let word):
            bytes.put(UInt8(6))
            bytes.put(word.step)
            bytes.put(UInt8((word.ends ? 1 : 0) | (word.moves ? 2 : 0)))
            bytes.put(block: Array((word.folder ?? "").utf8))
        }
        return bytes.bytes
    }

    package init(_ encoded: [UInt8]) throws(MessageError) {
        var bytes = ByteReader(encoded)
        switch try bytes.byte() {
        case 1: self = .gradientSquares(step: try bytes.count(), total: try bytes.double())
        case 2: self = .leave
        case 3:
            let (first, last) = (try bytes.count(), try bytes.count())
            guard first <= last else { throw MessageError(description: "steps from \(first) to \(last)") }
            let (path, origin) = (try bytes.text(), try StateOrigin(&bytes))
            let rewound =
                bytes.remaining == 0 ? nil : Rewound(leftOut: try bytes.count(), count: try bytes.count())
            self = .begin(
                steps: first..<last, weightsFile: path.isEmpty ? nil : path, origin: origin, rewound: rewound)
        case 4: self = .othersAreFinite(step: try bytes.count(), try bytes.byte() == 1)
        case 5:
            let step = try bytes.count()
            let path = String(decoding: bytes.rest(), as: UTF8.self)
            self = .afterEvaluation(step: step, weightsFile: path.isEmpty ? nil : path)
        case 6:
            let (step, flags, folder) = (try bytes.count(), try bytes.byte(), try bytes.text())
            guard flags < 4 else { throw MessageError(description: "a word of unknown flags \(flags)") }
            self = .word(
                BoundaryWord(
                    step: step, folder: folder.isEmpty ? nil : folder, ends: flags & 1 != 0, moves: flags & 2 != 0))
        case let kind: throw MessageError(description: "a coordinator's message of unknown kind \(kind)")
        }
        try bytes.end()
    }
}

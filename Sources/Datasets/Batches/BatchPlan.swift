internal import Tensors

/// Which samples each micro-batch of each step holds.
///
/// Step k trains on positions k·G … k·G + G − 1 of the order (G = micro × microBatches): in that order over its
/// micro-batches, or, packed, so that these have about equally many tokens. Behind the last sample the next epoch begins.
package struct BatchPlan: Hashable, Sendable {
    package let sampleCount: Int
    /// Samples of one micro-batch.
    package let micro: Int
    /// Of a step, over all replicas.
    package let microBatches: Int
    /// Those of a step that are read here: a replica's.
    package var part: Range<Int>
    package let order: SampleOrder
    /// What micro-batches are padded to; nil: all samples have one shape, which need not have positions.
    package let ladder: LengthLadder?
    /// Whether a micro-batch's samples share a row.
    package let isPacked: Bool
    /// Of samples that differ in length: from which position of the order on nothing follows; nil: it never ends.
    package let end: Int?

    package init(
        sampleCount: Int, micro: Int, microBatches: Int, order: SampleOrder, ladder: LengthLadder? = nil,
        isPacked: Bool = false, end: Int? = nil
    ) {
        precondition(sampleCount >= 1 && micro >= 1 && microBatches >= 1, "an empty batch")
        self.sampleCount = sampleCount
        self.micro = micro
        self.microBatches = microBatches
        part = 0..<microBatches
        self.order = order
        self.ladder = ladder
        self.isPacked = isPacked
        self.end = end
    }

    /// The same steps, of which a replica reads these micro-batches.
    package func reading(_ part: Range<Int>) -> BatchPlan {
        precondition(!part.isEmpty && part.upperBound <= microBatches, "micro-batches \(part) of \(microBatches)")
        var plan = self
        plan.part = part
        return plan
    }

    /// G, the samples of one step.
    package var globalBatch: Int { micro * microBatches }

    /// The sample in row `row` of a micro-batch.
    package func sample(step: Int, microBatch: Int, row: Int) -> Int {
        precondition(step >= 0 && (0..<microBatches).contains(microBatch) && (0..<micro).contains(row), "no such row")
        let position = UInt128(step) * UInt128(globalBatch) + UInt128(microBatch * micro + row)
        return order.sample(at: position, of: sampleCount)
    }

    package func samples(step: Int, microBatch: Int) -> [Int] {
        (0..<micro).map { sample(step: step, microBatch: microBatch, row: $0) }
    }

    /// What one step trains on.
    package func contents(of dataset: some Dataset, step: Int) throws(DatasetError) -> StepContents {
        var (samples, targets): ([[(index: Int, positions: Int)]], Int) = ([], 0)
        var tokens: Int?
        for microBatch in 0..<microBatches {
            samples.append([])
            for row in 0..<micro where !isOver(step, microBatch * micro + row) {
                let sample = sample(step: step, microBatch: microBatch, row: row)
                targets += try dataset.targetCount(sample: sample)
                let count = ladder == nil ? nil : try dataset.tokenCount(ofSample: sample)
                tokens = count.map { $0 + (tokens ?? 0) }
                samples[microBatch].append((sample, Self.positions(count ?? 1)))
            }
        }
        return StepContents(targets: targets, tokens: tokens, layouts: layouts(samples))
    }

    /// More samples than this are not dealt out for their fullest row: it takes some ten seconds.
    private static let mostDealt = 1 << 25

    /// How many positions the fullest row has of so many steps, packed; of very many steps, how many it has at most.
    /// - Parameter tokens: of each sample, in the order of storage.
    package func fullestRow(steps: Int, tokens: [Int32]) -> Int {
        guard steps <= Self.mostDealt / globalBatch else { return fullestRowAtMost(tokens) }
        var fullest = 1
        for step in 0..<steps {
            let samples = (0..<globalBatch).filter { !isOver(step, $0) }.map { place in
                let index = sample(step: step, microBatch: place / micro, row: place % micro)
                return (index: index, positions: Self.positions(Int(tokens[index])))
            }
            for dealt in MicroBatchLayout.deal(samples, over: microBatches) {
                fullest = max(fullest, dealt.reduce(0) { $0 + $1.positions })
            }
        }
        return fullest
    }

    /// Dealing leaves no row fuller than the mean of its step and one sample more; no step has more than the longest samples,
    /// each once for every epoch that the step touches.
    private func fullestRowAtMost(_ tokens: [Int32]) -> Int {
        let longest = tokens.lazy.map { Self.positions(Int($0)) }.sorted(by: >)
        let epochs = globalBatch / longest.count + 2
        let (whole, rest) = globalBatch.quotientAndRemainder(dividingBy: epochs)
        let sum = epochs * longest.prefix(whole).reduce(0, +) + rest * (longest.dropFirst(whole).first ?? 0)
        return sum / microBatches + (longest.first ?? 1)
    }

    /// From a sample's last token nothing is predicted.
    private static func positions(_ tokens: Int) -> Int { max(tokens - 1, 1) }

    private func layouts(_ samples: [[(index: Int, positions: Int)]]) -> [MicroBatchLayout] {
        let ladder = ladder ?? .fixed(1)
        if isPacked {
            return MicroBatchLayout.deal(Array(samples.joined()), over: microBatches).map { .packed($0, ladder) }
        }
        return samples.map { .padded($0, rows: micro, ladder) }
    }

    /// Whether nothing follows at that place of the step.
    private func isOver(_ step: Int, _ place: Int) -> Bool {
        guard let end else { return false }
        return UInt128(step) * UInt128(globalBatch) + UInt128(place) >= UInt128(end)
    }

    /// Throws where nothing counts in the loss of one of the first so many steps.
    package func checkTargets(of dataset: some Dataset, steps: Int, cache: ScanCache) throws(DatasetError) {
        guard let untargeted = try dataset.untargeted(among: samplesRead(steps: steps), cache: cache) else { return }
        // So many rows in turn hold every sample.
        let rows = 0..<min(globalBatch, 2 * min(sampleCount, globalBatch))
        for step in 0..<steps {
            let samples = rows.lazy.map { sample(step: step, microBatch: $0 / micro, row: $0 % micro) }
            guard samples.allSatisfy({ untargeted[$0] }) else { continue }
            let all = Set(samples).sorted()
            let shown = all.prefix(Self.shownSamples)
            throw .noTarget(step: step + 1, samples: shown.map(dataset.location), more: all.count - shown.count)
        }
    }

    /// In errors: each is looked for in its file.
    private static let shownSamples = 4

    /// How many of the first samples, in the order of storage, so many steps may read.
    package func samplesRead(steps: Int) -> Int {
        let (count, overflow) = steps.multipliedReportingOverflow(by: globalBatch)
        return order == .sequential && !overflow ? min(count, sampleCount) : sampleCount
    }

    /// Fills the buffers of a micro-batch, row by row: [rows, …inputSpec] and [rows, …targetSpec], or, where there is a
    /// ladder, [rows, length] of both, and what no sample fills with padding: inputs 0, targets −100.
    package func fill(
        _ layout: MicroBatchLayout, from dataset: some Dataset, input: UnsafeMutableRawBufferPointer,
        target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        guard ladder != nil else { return try fillRows(layout, from: dataset, input: input, target: target) }
        let size = MemoryLayout<Int32>.size
        let bytes = layout.rows * layout.length * size
        precondition(min(input.count, target.count) >= bytes, "a micro-batch's buffers")
        UnsafeMutableRawBufferPointer(rebasing: input[..<bytes]).initializeMemory(as: Int32.self, repeating: 0)
        UnsafeMutableRawBufferPointer(rebasing: target[..<bytes])
            .initializeMemory(as: Int32.self, repeating: SampleLine.ignored)
        for place in layout.places {
            let start = place.row * layout.length + place.start
            let range = start * size..<(start + place.positions) * size
            try dataset.fill(
                sample: place.sample, input: UnsafeMutableRawBufferPointer(rebasing: input[range]),
                target: UnsafeMutableRawBufferPointer(rebasing: target[range]))
        }
    }

    private func fillRows(
        _ layout: MicroBatchLayout, from dataset: some Dataset, input: UnsafeMutableRawBufferPointer,
        target: UnsafeMutableRawBufferPointer
    ) throws(DatasetError) {
        let (inputBytes, targetBytes) = (dataset.inputSpec.byteCount, dataset.targetSpec.byteCount)
        precondition(
            input.count == micro * inputBytes && target.count == micro * targetBytes, "a micro-batch's buffers")
        for place in layout.places {
            let row = place.row
            try dataset.fill(
                sample: place.sample,
                input: UnsafeMutableRawBufferPointer(rebasing: input[row * inputBytes..<(row + 1) * inputBytes]),
                target: UnsafeMutableRawBufferPointer(rebasing: target[row * targetBytes..<(row + 1) * targetBytes]))
        }
    }
}

/// What a step trains on.
package struct StepContents: Hashable, Sendable {
    /// How many targets count: the loss's normaliser.
    package var targets: Int
    /// Of all samples, without padding; nil where these all have one shape. From the last of a sample nothing is predicted:
    /// it takes no position.
    package var tokens: Int?
    /// By micro-batch.
    package var layouts: [MicroBatchLayout]

    /// Positions that samples take, without padding.
    package var positions: Int { layouts.reduce(0) { $1.places.reduce($0) { $0 + $1.positions } } }

    package init(targets: Int, tokens: Int?, layouts: [MicroBatchLayout]) {
        self.targets = targets
        self.tokens = tokens
        self.layouts = layouts
    }
}

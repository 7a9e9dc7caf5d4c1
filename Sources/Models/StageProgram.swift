public import Tensors

/// How one stage computes a micro-batch: which node runs when, and where every tensor lies.
///
/// Memory is of three kinds. A *frame* belongs to a micro-batch from its forward to its last backward half; there are as
/// many as micro-batches in flight. What is *deferred* belongs to a micro-batch between its two backward halves, where a
/// schedule runs them apart; there are as many as micro-batches between both at once. The *transient* arena is shared by
/// all passes, since one thread runs them one by one.
///
/// With recomputation the frame keeps only what crosses a segment's border: what lies inside is recomputed, into the
/// arena, right before the segment's backward.
public struct StageProgram: Sendable {
    /// Bytes of one frame, of what one micro-batch defers, and of the transient arena.
    public internal(set) var frameBytes = 0
    public internal(set) var deferredBytes = 0
    public internal(set) var transientBytes = 0
    /// By node, counted from the stage's first.
    public internal(set) var nodes: [NodePlaces] = []
    public internal(set) var backward: [BackwardStep] = []
    /// Where values that come in, go out, or start the model lie; by root value.
    public internal(set) var values: [Int: Place] = [:]
    /// Where a contribution to a gradient is received (exports) or sent from (imports).
    public internal(set) var received: [PipelineLayout.Contribution: Place] = [:]
    public internal(set) var sent: [PipelineLayout.Contribution: Place] = [:]
    public internal(set) var loss: LossPlaces?

    public struct Place: Sendable, Hashable {
        public enum Region: Sendable, Hashable { case frame, deferred, transient }
        public var region: Region
        public var offset: Int
        public var spec: TensorSpec

        func viewed(as spec: TensorSpec) -> Place { Place(region: region, offset: offset, spec: spec) }
    }

    /// What a node's forward reads and writes.
    public struct ForwardPlaces: Sendable {
        public var inputs: [Place] = []
        public var outputs: [Place] = []
        public var saved: [Place] = []
        public var scratch: Place?
    }

    /// The tensors of one node's `LayerFrame`.
    public struct NodePlaces: Sendable {
        public var forward = ForwardPlaces()
        /// What the backward halves read; with recomputation, also where the recomputed forward writes.
        public var recomputed = ForwardPlaces()
        public var deferred: [Place] = []
        public var outputGradients: [Place] = []
        public var inputGradients: [Place?] = []
        public var backwardScratch: Place?
        /// False where nothing that can be trained lies at or before it: it has no backward passes.
        public var trains = true
    }

    /// One entry of the backward pass, in order.
    public enum BackwardStep: Sendable {
        /// A node's forward, to recompute its activations.
        case recompute(Int)
        /// Both halves of a node's backward, or one of them.
        case node(Int)
        /// sum += part, the next consumer's gradient of the same value.
        case add(Place, into: Place)
        /// Nobody used this output.
        case zero(Place)
    }

    /// On the last stage.
    public struct LossPlaces: Sendable {
        public var prediction: Place
        /// Where the prediction becomes its gradient: the prediction's own place where nothing else needs that.
        public var gradient: Place
        /// A `TargetsMessage`, as it arrives.
        public var message: Place
    }
}

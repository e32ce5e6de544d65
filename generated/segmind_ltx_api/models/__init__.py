"""Contains all the data models used in inputs/outputs"""

from .accepted_job import AcceptedJob
from .blocking_result import BlockingResult
from .error_message import ErrorMessage
from .failed_job import FailedJob
from .job_metrics import JobMetrics
from .job_result import JobResult
from .job_status import JobStatus
from .ltx_2_19b_i2v_request import Ltx219BI2VRequest
from .ltx_2_19b_t2v_request import Ltx219BT2VRequest
from .ltx_2_fast_request import Ltx2FastRequest
from .ltx_2_fast_request_duration import Ltx2FastRequestDuration
from .ltx_2_fast_request_resolution import Ltx2FastRequestResolution
from .ltx_2_pro_request import Ltx2ProRequest
from .ltx_2_pro_request_duration import Ltx2ProRequestDuration
from .ltx_2_pro_request_resolution import Ltx2ProRequestResolution
from .ltx_video_request import LtxVideoRequest
from .ltx_video_request_aspect_ratio import LtxVideoRequestAspectRatio
from .ltx_video_request_length import LtxVideoRequestLength
from .ltx_video_request_target_size import LtxVideoRequestTargetSize
from .video_file import VideoFile

__all__ = (
    "AcceptedJob",
    "BlockingResult",
    "ErrorMessage",
    "FailedJob",
    "JobMetrics",
    "JobResult",
    "JobStatus",
    "Ltx219BI2VRequest",
    "Ltx219BT2VRequest",
    "Ltx2FastRequest",
    "Ltx2FastRequestDuration",
    "Ltx2FastRequestResolution",
    "Ltx2ProRequest",
    "Ltx2ProRequestDuration",
    "Ltx2ProRequestResolution",
    "LtxVideoRequest",
    "LtxVideoRequestAspectRatio",
    "LtxVideoRequestLength",
    "LtxVideoRequestTargetSize",
    "VideoFile",
)

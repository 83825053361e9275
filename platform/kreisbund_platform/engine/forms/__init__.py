"""Forms: `check_schema` before a form is published, `validate` whenever data come in for it."""

from kreisbund_platform.engine.forms.schemas import check_schema
from kreisbund_platform.engine.forms.validation import Evaluate, FormResult, fields_of, name_of, validate
from kreisbund_platform.engine.forms.values import UploadInfo

__all__ = ["Evaluate", "FormResult", "UploadInfo", "check_schema", "fields_of", "name_of", "validate"]

"""Trained models as folders of JSON and safetensors."""
